<?php
// Reads the WSDL at LINTAS_URL, asks a question and delivers a letter with an inline attachment, by SOAP LINTAS_SOAP.
// Prints one JSON object; exits 1 with the fault if there is one.
declare(strict_types=1);

$url = getenv('LINTAS_URL');
$version = getenv('LINTAS_SOAP') === '1.2' ? SOAP_1_2 : SOAP_1_1;
$options = [
    'login' => 'peer', 'password' => getenv('LINTAS_KEY'), 'soap_version' => $version, 'exceptions' => true,
    'cache_wsdl' => WSDL_CACHE_NONE, 'connection_timeout' => 10, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
];
$pdf = "%PDF-1.7\n" . str_repeat(implode('', array_map('chr', range(0, 255))), 40);

try {
    $lookup = new SoapClient("$url/soap/coverage.lookup?wsdl", $options);
    $asked = $lookup->CoverageLookup(['document' => ['noKartu' => '0001234567891', 'serviceDate' => '2026-11-23']]);

    $deliver = new SoapClient("$url/soap/letter.deliver?wsdl", $options);
    $sent = $deliver->LetterDeliver([
        'envelope' => ['idempotencyKey' => 'php-' . (getenv('LINTAS_SOAP') ?: '1.1'), 'recipients' => [getenv('LINTAS_RECIPIENT') ?: 'dinas-kominfo/surat']],
        'document' => [
            'letterNumber' => '000.1/12/2026', 'letterDate' => '2026-11-23', 'letterType' => 'surat_dinas',
            'subject' => 'Undangan & rapat é', 'securityLevel' => 'B', 'urgency' => 'biasa', 'archiveClass' => '000.1.2',
            'sender' => ['name' => 'Kelurahan Antapani'],
            'recipients' => [['kind' => 'internal', 'organisation' => ['name' => 'Dinas Kominfo']]],
            'mainFile' => ['sha256' => hash('sha256', $pdf), 'size' => strlen($pdf), 'mediaType' => 'application/pdf', 'name' => 'surat.pdf'],
        ],
        'part' => [['name' => 'surat.pdf', 'mediaType' => 'application/pdf', 'content' => $pdf]],
    ]);
    echo json_encode([
        'query' => ['messageId' => $asked->messageId, 'noKartu' => $asked->document->noKartu, 'status' => $asked->document->status],
        'delivery' => ['messageId' => $sent->messageId, 'state' => $sent->state, 'jws' => $sent->receipt[0]->jws],
    ]), "\n";
    try {
        $lookup->CoverageLookup(['document' => ['noKartu' => '123', 'serviceDate' => '2026-11-23']]);
    } catch (SoapFault $fault) {
        $error = $fault->detail->Error ?? $fault->detail;
        echo json_encode(['code' => $error->code, 'messageId' => $error->messageId, 'advice' => $error->advice]), "\n";
    }
} catch (SoapFault $fault) {
    fwrite(STDERR, $fault->faultcode . ': ' . $fault->getMessage() . "\n");
    exit(1);
}
