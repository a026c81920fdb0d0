package polyglot;

import com.polyglot.values.v1.CallReport;
import com.polyglot.values.v1.CallRequest;
import com.polyglot.values.v1.Mode;
import com.polyglot.values.v1.Values;
import com.polyglot.values.v1.View;
import dev.restate.client.Client;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/**
 * Calls the services of all teams from outside of Restate. The arguments are the address of the
 * ingress and a file with CallRequests, each a line in base64. For each it prints a line:
 * "report", and the CallReport in base64; or "failed", and why.
 */
public final class Outside {
  private Outside() {}

  public static void main(String[] args) throws IOException {
    Client client = Client.connect(args[0]);
    for (String line : Files.readAllLines(Path.of(args[1]))) {
      CallRequest request = CallRequest.parseFrom(Base64.getDecoder().decode(line));
      try {
        byte[] report = call(client, request).toByteArray();
        System.out.println("report " + Base64.getEncoder().encodeToString(report));
      } catch (RuntimeException e) {
        System.out.println("failed " + e.toString().replace('\n', ' '));
      }
    }
    System.exit(0); // the client has threads
  }

  private static CallReport call(Client client, CallRequest request) {
    Team.Outside outside = Team.client(request).outside();
    String key = request.getKey();
    Values values = request.getValues();
    View seen =
        request.getMode() == Mode.MODE_SEND
            ? outside.send().apply(client, key, values).attach().response()
            : outside.call().apply(client, key, values);
    CallReport.Builder report =
        CallReport.newBuilder()
            .setCalleeView(seen)
            .setCallerView(Services.view(seen.getValues(), seen.getEncoding(), key));
    if (outside.later() != null) {
      report.setLaterView(outside.later().apply(client, key));
    }
    return report.build();
  }
}
