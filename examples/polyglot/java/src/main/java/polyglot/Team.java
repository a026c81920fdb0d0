package polyglot;

import com.polyglot.values.v1.CallRequest;
import com.polyglot.values.v1.Encoding;
import com.polyglot.values.v1.Language;
import com.polyglot.values.v1.Values;
import com.polyglot.values.v1.View;
import dev.restate.client.SendResponse;
import dev.restate.sdk.CallDurableFuture;
import dev.restate.sdk.Context;
import dev.restate.sdk.InvocationHandle;
import dev.restate.sdk.common.TerminalException;
import java.time.Duration;

/** What the generated clients of each team have in common. */
record Team(Client mirror, Client locker, Client journey) {
  static final Duration DELAY = Duration.ofMillis(10);

  private static Team of(Language language, boolean json) {
    return switch (language) {
      case LANGUAGE_PYTHON -> json ? PythonTeam.JSON : PythonTeam.BINARY;
      case LANGUAGE_JAVA -> json ? JavaTeam.JSON : JavaTeam.BINARY;
      case LANGUAGE_KOTLIN -> json ? KotlinTeam.JSON : KotlinTeam.BINARY;
      case LANGUAGE_GO -> json ? GoTeam.JSON : GoTeam.BINARY;
      case LANGUAGE_TYPESCRIPT -> json ? TypeScriptTeam.JSON : TypeScriptTeam.BINARY;
      default -> throw new TerminalException(400, "no such team: " + language);
    };
  }

  /** The client for a request. */
  static Client client(CallRequest request) {
    Team team = of(request.getCallee(), request.getEncoding() == Encoding.ENCODING_JSON);
    return switch (request.getKind()) {
      case KIND_SERVICE -> team.mirror();
      case KIND_OBJECT -> team.locker();
      case KIND_WORKFLOW -> team.journey();
      default -> throw new TerminalException(400, "no such kind: " + request.getKind());
    };
  }

  /** How a client calls, how it sends, what it asks afterwards, if anything; and from outside. */
  record Client(Call call, Send send, Later later, Outside outside) {}

  interface Call {
    CallDurableFuture<View> apply(Context ctx, String key, Values values);
  }

  interface Send {
    InvocationHandle<View> apply(Context ctx, String key, Values values);
  }

  interface Later {
    CallDurableFuture<View> apply(Context ctx, String key);
  }

  /** The same from outside of Restate. */
  record Outside(OutsideCall call, OutsideSend send, OutsideLater later) {}

  interface OutsideCall {
    View apply(dev.restate.client.Client client, String key, Values values);
  }

  interface OutsideSend {
    SendResponse<View> apply(dev.restate.client.Client client, String key, Values values);
  }

  interface OutsideLater {
    View apply(dev.restate.client.Client client, String key);
  }
}
