package polyglot;

import com.google.protobuf.ByteString;
import com.polyglot.values.v1.Color;
import com.polyglot.values.v1.Language;
import com.polyglot.values.v1.Nested;
import com.polyglot.values.v1.Values;
import com.polyglot.values.v1.View;
import dev.restate.client.Client;
import dev.restate.client.IngressException;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Calls all services of some teams through the ingress: the arguments are its address and the
 * teams, such as JAVA. The status is 1 where something went wrong.
 */
public final class Outside {
  private static final List<Values> CASES =
      List.of(
          Values.getDefaultInstance(),
          Values.newBuilder()
              .setInt64Value(Long.MIN_VALUE)
              .setFixed64Value(-1)
              .setStringValue("\u00e9\ud83d\ude00")
              .setBytesValue(ByteString.copyFrom(new byte[] {0, -1}))
              .addColors(Color.COLOR_BLACK)
              .addColorsValue(99)
              .putNestedByName("a", Nested.newBuilder().setName("b").build())
              .setFlagChoice(false)
              .setMaybeInt32(0)
              .build());

  /** The teams whose binary handlers take one content type from outside, and not every message. */
  private static final Set<String> ONE_CONTENT_TYPE = Set.of("GO", "TYPESCRIPT");

  private final Client client;
  private boolean failed;

  private Outside(Client client) {
    this.client = client;
  }

  public static void main(String[] args) {
    Outside outside = new Outside(Client.connect(args[0]));
    for (String team : List.of(args).subList(1, args.length)) {
      for (boolean json : new boolean[] {false, true}) {
        if (!json && ONE_CONTENT_TYPE.contains(team)) {
          continue;
        }
        Team clients = Team.of(Language.valueOf("LANGUAGE_" + team), json);
        String encoding = json ? "json" : "binary";
        outside.check(team, "Mirror", encoding, clients.mirror());
        outside.check(team, "Locker", encoding, clients.locker());
        outside.check(team, "Journey", encoding, clients.journey());
      }
    }
    System.exit(outside.failed ? 1 : 0);
  }

  private void check(String team, String service, String encoding, Team.Client clients) {
    for (Values values : CASES) {
      String what = String.join(" ", team, service, encoding, values.toString());
      try {
        View view = clients.outside().apply(client, UUID.randomUUID().toString(), values);
        if (!view.getValues().equals(values) || !view.getEncoding().equals(encoding)) {
          fail(what, view.toString());
        }
      } catch (IngressException e) {
        fail(what, e.getMessage());
      }
    }
  }

  private void fail(String what, String why) {
    System.out.println(what + ": " + why);
    failed = true;
  }
}
