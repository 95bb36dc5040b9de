import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.File;
import java.util.Date;

/** Judge ANCHOR.pem MILLISECONDS FILE...: one line per file: name, container type, then indication/sub-indication/level/intact of each signature. Nothing is fetched. */
public class Judge {
    public static void main(String[] words) throws Exception {
        CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
        trusted.addCertificate(DSSUtils.loadCertificate(new File(words[0])));
        for (int place = 2; place < words.length; place++) {
            StringBuilder line = new StringBuilder(new File(words[place]).getName());
            try {
                CommonCertificateVerifier verifier = new CommonCertificateVerifier(true);
                verifier.setTrustedCertSources(trusted);
                SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(words[place]));
                validator.setCertificateVerifier(verifier);
                validator.setValidationTime(new Date(Long.parseLong(words[1])));
                Reports reports = validator.validateDocument();
                line.append(' ').append(reports.getDiagnosticData().getContainerType());
                for (String id : reports.getSimpleReport().getSignatureIdList()) {
                    SignatureLevel level = reports.getSimpleReport().getSignatureFormat(id);
                    boolean intact = reports.getDiagnosticData().getSignatureById(id).isSignatureValid();
                    line.append(' ').append(reports.getSimpleReport().getIndication(id));
                    line.append('/').append(reports.getSimpleReport().getSubIndication(id));
                    line.append('/').append(level).append('/').append(intact ? "intact" : "broken");
                }
            } catch (Exception error) {
                line.append(" failed ").append(error.getClass().getSimpleName());
            }
            System.out.println(line);
        }
    }
}
