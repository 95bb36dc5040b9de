// Reads the WSDL at LINTAS_URL, asks a question and delivers a letter with an inline attachment, by SOAP LINTAS_SOAP.
// Prints one JSON object per line; exits 1 with the fault if there is one that was not expected.
'use strict';

const crypto = require('node:crypto');
const soap = require('soap');

const url = process.env.LINTAS_URL;
const version = process.env.LINTAS_SOAP || '1.1';
const pdf = Buffer.concat([Buffer.from('%PDF-1.7\n'), ...Array(40).fill(Buffer.from(Array.from({ length: 256 }, (_, i) => i)))]);

async function open(service) {
  const client = await soap.createClientAsync(`${url}/soap/${service}?wsdl`, { forceSoap12Headers: version === '1.2' });
  client.setSecurity(new soap.BasicAuthSecurity('peer', process.env.LINTAS_KEY));
  return client;
}

async function main() {
  const lookup = await open('coverage.lookup');
  const [asked] = await lookup.CoverageLookupAsync({ document: { noKartu: '0001234567891', serviceDate: '2026-11-23' } });

  const deliver = await open('letter.deliver');
  const [sent] = await deliver.LetterDeliverAsync({
    envelope: { idempotencyKey: `node-${version}`, recipients: [process.env.LINTAS_RECIPIENT || 'dinas-kominfo/surat'] },
    document: {
      letterNumber: '000.1/12/2026', letterDate: '2026-11-23', letterType: 'surat_dinas',
      subject: 'Undangan & rapat é', securityLevel: 'B', urgency: 'biasa', archiveClass: '000.1.2',
      sender: { name: 'Kelurahan Antapani' },
      recipients: [{ kind: 'internal', organisation: { name: 'Dinas Kominfo' } }],
      mainFile: {
        sha256: crypto.createHash('sha256').update(pdf).digest('hex'), size: pdf.length,
        mediaType: 'application/pdf', name: 'surat.pdf',
      },
    },
    part: [{ name: 'surat.pdf', mediaType: 'application/pdf', content: pdf.toString('base64') }],
  });
  console.log(JSON.stringify({
    query: { messageId: asked.messageId, noKartu: asked.document.noKartu, status: asked.document.status },
    delivery: { messageId: sent.messageId, state: sent.state, jws: sent.receipt[0].jws },
  }));
  try {
    await lookup.CoverageLookupAsync({ document: { noKartu: '123', serviceDate: '2026-11-23' } });
  } catch (error) {
    const fault = error.root.Envelope.Body.Fault;
    const { code, messageId, advice } = (fault.detail || fault.Detail).Error;
    console.log(JSON.stringify({ code, messageId, advice }));
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
