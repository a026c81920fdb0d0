package polyglot;

import com.polyglot.java.v1.CallerBase;
import com.polyglot.values.v1.CallReport;
import com.polyglot.values.v1.CallRequest;
import com.polyglot.values.v1.Encoding;
import com.polyglot.values.v1.Mode;
import com.polyglot.values.v1.Values;
import com.polyglot.values.v1.View;
import dev.restate.sdk.Context;
import dev.restate.sdk.common.TerminalException;

/** Calls the services of all teams, with their generated clients. */
final class Caller extends CallerBase {
  @Override
  public CallReport call(Context ctx, CallRequest request) {
    boolean json = request.getEncoding() == Encoding.ENCODING_JSON;
    String key = request.getKey();
    Values values = request.getValues();
    Team team = Team.of(request.getCallee(), json);
    Team.Client client =
        switch (request.getKind()) {
          case KIND_SERVICE -> team.mirror();
          case KIND_OBJECT -> team.locker();
          case KIND_WORKFLOW -> team.journey();
          default -> throw new TerminalException(400, "no such kind: " + request.getKind());
        };
    View seen =
        request.getMode() == Mode.MODE_SEND
            ? client.send().apply(ctx, key, values).attach().await()
            : client.call().apply(ctx, key, values).await();
    CallReport.Builder report =
        CallReport.newBuilder()
            .setCalleeView(seen)
            .setCallerView(Services.view(seen.getValues(), json ? "json" : "binary", key));
    if (client.later() != null) {
      report.setLaterView(client.later().apply(ctx, key).await());
    }
    return report.build();
  }
}
