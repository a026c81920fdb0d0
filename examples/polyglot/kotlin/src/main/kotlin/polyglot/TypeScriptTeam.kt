package polyglot

import com.polyglot.typescript.v1.JourneyClient
import com.polyglot.typescript.v1.JsonJourneyClient
import com.polyglot.typescript.v1.JsonLockerClient
import com.polyglot.typescript.v1.JsonMirrorClient
import com.polyglot.typescript.v1.LockerClient
import com.polyglot.typescript.v1.MirrorClient

/** How the TypeScript team is called in binary. */
val typescriptBinary =
    Team(
        mirror =
            Client(
                call = { ctx, key, values ->
                    MirrorClient.fromContext(ctx).reflect(values) { idempotencyKey = key }
                },
                send = { ctx, _, values ->
                    MirrorClient.fromContext(ctx).send().reflect(values, DELAY)
                },
            ),
        locker =
            Client(
                call = { ctx, key, values ->
                    LockerClient.fromContext(ctx, key).keep(values) { idempotencyKey = key }
                },
                send = { ctx, key, values ->
                    LockerClient.fromContext(ctx, key).send().keep(values, DELAY)
                },
                later = { ctx, key -> LockerClient.fromContext(ctx, key).look() },
            ),
        journey =
            Client(
                call = { ctx, key, values -> JourneyClient.fromContext(ctx, key).run(values) },
                send = { ctx, key, values ->
                    JourneyClient.fromContext(ctx, key).send().run(values, DELAY)
                },
                later = { ctx, key -> JourneyClient.fromContext(ctx, key).arrived() },
            ),
    )

/** How the TypeScript team is called in JSON. */
val typescriptJson =
    Team(
        mirror =
            Client(
                call = { ctx, key, values ->
                    JsonMirrorClient.fromContext(ctx).reflect(values) { idempotencyKey = key }
                },
                send = { ctx, _, values ->
                    JsonMirrorClient.fromContext(ctx).send().reflect(values, DELAY)
                },
            ),
        locker =
            Client(
                call = { ctx, key, values ->
                    JsonLockerClient.fromContext(ctx, key).keep(values) { idempotencyKey = key }
                },
                send = { ctx, key, values ->
                    JsonLockerClient.fromContext(ctx, key).send().keep(values, DELAY)
                },
                later = { ctx, key -> JsonLockerClient.fromContext(ctx, key).look() },
            ),
        journey =
            Client(
                call = { ctx, key, values -> JsonJourneyClient.fromContext(ctx, key).run(values) },
                send = { ctx, key, values ->
                    JsonJourneyClient.fromContext(ctx, key).send().run(values, DELAY)
                },
                later = { ctx, key -> JsonJourneyClient.fromContext(ctx, key).arrived() },
            ),
    )
