package polyglot;

import com.polyglot.java.v1.CallerBase;
import com.polyglot.values.v1.CallReport;
import com.polyglot.values.v1.CallRequest;
import com.polyglot.values.v1.Mode;
import com.polyglot.values.v1.Values;
import com.polyglot.values.v1.View;
import dev.restate.sdk.Context;

/** Calls the services of all teams, with their generated clients. */
final class Caller extends CallerBase {
  @Override
  public CallReport call(Context ctx, CallRequest request) {
    String key = request.getKey();
    Values values = request.getValues();
    Team.Client client = Team.client(request);
    View seen =
        request.getMode() == Mode.MODE_SEND
            ? client.send().apply(ctx, key, values).attach().await()
            : client.call().apply(ctx, key, values).await();
    CallReport.Builder report =
        CallReport.newBuilder()
            .setCalleeView(seen)
            .setCallerView(Services.view(seen.getValues(), seen.getEncoding(), key));
    if (client.later() != null) {
      report.setLaterView(client.later().apply(ctx, key).await());
    }
    return report.build();
  }
}
