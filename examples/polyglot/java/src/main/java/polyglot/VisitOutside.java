package polyglot;

import com.polyglot.values.v1.VisitRequest;
import dev.restate.client.Client;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/**
 * Visits the desks of all teams from outside of Restate. The arguments are the address of the
 * ingress and a file with VisitRequests, each a line in base64. For each it prints a line:
 * "report", and the VisitReport in base64; or "failed", and why.
 */
public final class VisitOutside {
  private VisitOutside() {}

  public static void main(String[] args) throws IOException {
    Client client = Client.connect(args[0]);
    for (String line : Files.readAllLines(Path.of(args[1]))) {
      VisitRequest request = VisitRequest.parseFrom(Base64.getDecoder().decode(line));
      try {
        byte[] report = Desks.visit(Desks.outside(client, request), request).toByteArray();
        System.out.println("report " + Base64.getEncoder().encodeToString(report));
      } catch (RuntimeException e) {
        System.out.println("failed " + e.toString().replace('\n', ' '));
      }
    }
    System.exit(0); // the client has threads
  }
}
