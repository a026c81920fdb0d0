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
                  MirrorClient.fromContext(ctx).send(Team.DELAY).reflect(values),
              null,
              new Team.Outside(
                  (client, key, values) -> MirrorClient.fromClient(client).reflect(values),
                  (client, key, values) ->
                      MirrorClient.fromClient(client).send(Team.DELAY).reflect(values),
                  null)),
          new Team.Client(
              (ctx, key, values) ->
                  LockerClient.fromContext(ctx, key)
                      .keep(values, options -> options.idempotencyKey(key)),
              (ctx, key, values) ->
                  LockerClient.fromContext(ctx, key).send(Team.DELAY).keep(values),
              (ctx, key) -> LockerClient.fromContext(ctx, key).look(),
              new Team.Outside(
                  (client, key, values) -> LockerClient.fromClient(client, key).keep(values),
                  (client, key, values) ->
                      LockerClient.fromClient(client, key).send(Team.DELAY).keep(values),
                  (client, key) -> LockerClient.fromClient(client, key).look())),
          new Team.Client(
              (ctx, key, values) -> JourneyClient.fromContext(ctx, key).run(values),
              (ctx, key, values) ->
                  JourneyClient.fromContext(ctx, key).send(Team.DELAY).run(values),
              (ctx, key) -> JourneyClient.fromContext(ctx, key).arrived(),
              new Team.Outside(
                  (client, key, values) -> {
                    JourneyClient.IngressClient run = JourneyClient.fromClient(client, key);
                    run.submit(values);
                    return run.workflowHandle().attach().response();
                  },
                  (client, key, values) ->
                      JourneyClient.fromClient(client, key).send(Team.DELAY).run(values),
                  (client, key) -> JourneyClient.fromClient(client, key).arrived())));

  static final Team JSON =
      new Team(
          new Team.Client(
              (ctx, key, values) ->
                  JsonMirrorClient.fromContext(ctx)
                      .reflect(values, options -> options.idempotencyKey(key)),
              (ctx, key, values) ->
                  JsonMirrorClient.fromContext(ctx).send(Team.DELAY).reflect(values),
              null,
              new Team.Outside(
                  (client, key, values) -> JsonMirrorClient.fromClient(client).reflect(values),
                  (client, key, values) ->
                      JsonMirrorClient.fromClient(client).send(Team.DELAY).reflect(values),
                  null)),
          new Team.Client(
              (ctx, key, values) ->
                  JsonLockerClient.fromContext(ctx, key)
                      .keep(values, options -> options.idempotencyKey(key)),
              (ctx, key, values) ->
                  JsonLockerClient.fromContext(ctx, key).send(Team.DELAY).keep(values),
              (ctx, key) -> JsonLockerClient.fromContext(ctx, key).look(),
              new Team.Outside(
                  (client, key, values) -> JsonLockerClient.fromClient(client, key).keep(values),
                  (client, key, values) ->
                      JsonLockerClient.fromClient(client, key).send(Team.DELAY).keep(values),
                  (client, key) -> JsonLockerClient.fromClient(client, key).look())),
          new Team.Client(
              (ctx, key, values) -> JsonJourneyClient.fromContext(ctx, key).run(values),
              (ctx, key, values) ->
                  JsonJourneyClient.fromContext(ctx, key).send(Team.DELAY).run(values),
              (ctx, key) -> JsonJourneyClient.fromContext(ctx, key).arrived(),
              new Team.Outside(
                  (client, key, values) -> {
                    JsonJourneyClient.IngressClient run = JsonJourneyClient.fromClient(client, key);
                    run.submit(values);
                    return run.workflowHandle().attach().response();
                  },
                  (client, key, values) ->
                      JsonJourneyClient.fromClient(client, key).send(Team.DELAY).run(values),
                  (client, key) -> JsonJourneyClient.fromClient(client, key).arrived())));
}
