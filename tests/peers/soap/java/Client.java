// Uses classes that wsimport made from the WSDL at LINTAS_URL: asks a question and delivers a letter with an inline
// attachment, by SOAP LINTAS_SOAP. Prints one JSON object per line; an unexpected fault ends it with a stack trace.
import java.net.URL;
import java.security.MessageDigest;
import java.util.Map;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.ws.BindingProvider;

import lintas.schema.eligibility_query._1.EligibilityQuery;
import lintas.schema.letter._1.Letter;
import lintas.schema.letter._1.LetterSecurityLevel;
import lintas.schema.letter._1.LetterUrgency;
import lintas.schema.letter._1.OrganisationRef;
import lintas.schema.letter._1.PartRef;
import lintas.schema.letter._1.Recipient;
import lintas.schema.letter._1.RecipientKind;
import lintas.service.coverage.CoverageLookup;
import lintas.service.coverage.CoverageLookupPortType;
import lintas.service.coverage.CoverageLookupRefusal;
import lintas.service.coverage.CoverageLookupResponse;
import lintas.service.coverage.CoverageLookupService;
import lintas.service.letter.Envelope;
import lintas.service.letter.LetterDeliver;
import lintas.service.letter.LetterDeliverPortType;
import lintas.service.letter.LetterDeliverResponse;
import lintas.service.letter.LetterDeliverService;
import lintas.service.letter.Part;

public final class Client {
    private static final String BASE = System.getenv("LINTAS_URL");
    private static final String SOAP = System.getenv().getOrDefault("LINTAS_SOAP", "1.1");

    private static <T> T signedIn(T port) {
        Map<String, Object> context = ((BindingProvider) port).getRequestContext();
        context.put(BindingProvider.USERNAME_PROPERTY, "peer");
        context.put(BindingProvider.PASSWORD_PROPERTY, System.getenv("LINTAS_KEY"));
        return port;
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    public static void main(String[] args) throws Exception {
        DatatypeFactory dates = DatatypeFactory.newInstance();
        CoverageLookupService lookups = new CoverageLookupService(new URL(BASE + "/soap/coverage.lookup?wsdl"));
        CoverageLookupPortType lookup = signedIn(
            SOAP.equals("1.2") ? lookups.getCoverageLookupSoap12() : lookups.getCoverageLookupSoap11());
        EligibilityQuery question = new EligibilityQuery();
        question.setNoKartu("0001234567891");
        question.setServiceDate(dates.newXMLGregorianCalendar("2026-11-23"));
        CoverageLookup call = new CoverageLookup();
        call.setDocument(question);
        CoverageLookupResponse asked = lookup.coverageLookup(call);

        byte[] pdf = new byte[9 + 256 * 40];
        System.arraycopy("%PDF-1.7\n".getBytes("US-ASCII"), 0, pdf, 0, 9);
        for (int at = 9; at < pdf.length; at++) {
            pdf[at] = (byte) ((at - 9) % 256);
        }
        StringBuilder digest = new StringBuilder();
        for (byte one : MessageDigest.getInstance("SHA-256").digest(pdf)) {
            digest.append(String.format("%02x", one));
        }
        PartRef file = new PartRef();
        file.setSha256(digest.toString());
        file.setSize((long) pdf.length);
        file.setMediaType("application/pdf");
        file.setName("surat.pdf");
        OrganisationRef sender = new OrganisationRef();
        sender.setName("Kelurahan Antapani");
        OrganisationRef office = new OrganisationRef();
        office.setName("Dinas Kominfo");
        Recipient recipient = new Recipient();
        recipient.setKind(RecipientKind.INTERNAL);
        recipient.setOrganisation(office);
        Letter letter = new Letter();
        letter.setLetterNumber("000.1/12/2026");
        letter.setLetterDate(dates.newXMLGregorianCalendar("2026-11-23"));
        letter.setLetterType("surat_dinas");
        letter.setSubject("Undangan & rapat \u00e9");
        letter.setSecurityLevel(LetterSecurityLevel.B);
        letter.setUrgency(LetterUrgency.BIASA);
        letter.setArchiveClass("000.1.2");
        letter.setSender(sender);
        letter.getRecipients().add(recipient);
        letter.setMainFile(file);
        Part part = new Part();
        part.setName("surat.pdf");
        part.setMediaType("application/pdf");
        part.setContent(pdf);
        Envelope envelope = new Envelope();
        envelope.setIdempotencyKey("java-" + SOAP);
        envelope.getRecipients().add(System.getenv().getOrDefault("LINTAS_RECIPIENT", "dinas-kominfo/surat"));

        LetterDeliverService deliveries = new LetterDeliverService(new URL(BASE + "/soap/letter.deliver?wsdl"));
        LetterDeliverPortType deliver = signedIn(
            SOAP.equals("1.2") ? deliveries.getLetterDeliverSoap12() : deliveries.getLetterDeliverSoap11());
        LetterDeliver sending = new LetterDeliver();
        sending.setEnvelope(envelope);
        sending.setDocument(letter);
        sending.getPart().add(part);
        LetterDeliverResponse sent = deliver.letterDeliver(sending);

        System.out.println("{\"query\":{\"messageId\":" + quoted(asked.getMessageId()) + ",\"noKartu\":" + quoted(asked.getDocument().getNoKartu())
            + ",\"status\":" + quoted(asked.getDocument().getStatus().value()) + "},\"delivery\":{\"messageId\":" + quoted(sent.getMessageId())
            + ",\"state\":" + quoted(sent.getState()) + ",\"jws\":" + quoted(sent.getReceipt().get(0).getJws()) + "}}");

        question.setNoKartu("123");
        try {
            lookup.coverageLookup(call);
        } catch (CoverageLookupRefusal refusal) {
            System.out.println("{\"code\":" + quoted(refusal.getFaultInfo().getCode()) + ",\"messageId\":"
                + quoted(refusal.getFaultInfo().getMessageId()) + ",\"advice\":" + quoted(refusal.getFaultInfo().getAdvice()) + "}");
        }
    }
}
