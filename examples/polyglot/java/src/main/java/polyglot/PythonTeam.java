package polyglot;

import com.polyglot.python.v1.JourneyClient;
import com.polyglot.python.v1.JsonJourneyClient;
import com.polyglot.python.v1.JsonLockerClient;
import com.polyglot.python.v1.JsonMirrorClient;
import com.polyglot.python.v1.LockerClient;
import com.polyglot.python.v1.MirrorClient;

/** How the Python team is called. */
final class PythonTeam {
  private PythonTeam() {}

  static final Team BINARY =
      new Team(
          new Team.Client(
              (ctx, key, values) ->
                  MirrorClient.fromContext(ctx)
                      .reflect(values, options -> options.idempotencyKey(key)),
              (ctx, key, values) ->
                  MirrorClient.fromContext(ctx).send().reflect(values, Team.DELAY),
              null,
              (client, key, values) -> MirrorClient.fromClient(client).reflect(values)),
          new Team.Client(
              (ctx, key, values) ->
                  LockerClient.fromContext(ctx, key)
                      .keep(values, options -> options.idempotencyKey(key)),
              (ctx, key, values) ->
                  LockerClient.fromContext(ctx, key).send().keep(values, Team.DELAY),
              (ctx, key) -> LockerClient.fromContext(ctx, key).look(),
              (client, key, values) -> {
                LockerClient.IngressClient locker = LockerClient.fromClient(client, key);
                locker.send().keep(values, Team.DELAY).attach();
                return locker.look();
              }),
          new Team.Client(
              (ctx, key, values) -> JourneyClient.fromContext(ctx, key).run(values),
              (ctx, key, values) ->
                  JourneyClient.fromContext(ctx, key).send().run(values, Team.DELAY),
              (ctx, key) -> JourneyClient.fromContext(ctx, key).arrived(),
              (client, key, values) -> {
                JourneyClient.IngressClient journey = JourneyClient.fromClient(client, key);
                journey.submit(values);
                return journey.workflowHandle().attach().response();
              }));

  static final Team JSON =
      new Team(
          new Team.Client(
              (ctx, key, values) ->
                  JsonMirrorClient.fromContext(ctx)
                      .reflect(values, options -> options.idempotencyKey(key)),
              (ctx, key, values) ->
                  JsonMirrorClient.fromContext(ctx).send().reflect(values, Team.DELAY),
              null,
              (client, key, values) -> JsonMirrorClient.fromClient(client).reflect(values)),
          new Team.Client(
              (ctx, key, values) ->
                  JsonLockerClient.fromContext(ctx, key)
                      .keep(values, options -> options.idempotencyKey(key)),
              (ctx, key, values) ->
                  JsonLockerClient.fromContext(ctx, key).send().keep(values, Team.DELAY),
              (ctx, key) -> JsonLockerClient.fromContext(ctx, key).look(),
              (client, key, values) -> {
                JsonLockerClient.IngressClient locker = JsonLockerClient.fromClient(client, key);
                locker.send().keep(values, Team.DELAY).attach();
                return locker.look();
              }),
          new Team.Client(
              (ctx, key, values) -> JsonJourneyClient.fromContext(ctx, key).run(values),
              (ctx, key, values) ->
                  JsonJourneyClient.fromContext(ctx, key).send().run(values, Team.DELAY),
              (ctx, key) -> JsonJourneyClient.fromContext(ctx, key).arrived(),
              (client, key, values) -> {
                JsonJourneyClient.IngressClient journey = JsonJourneyClient.fromClient(client, key);
                journey.submit(values);
                return journey.workflowHandle().attach().response();
              }));
}
