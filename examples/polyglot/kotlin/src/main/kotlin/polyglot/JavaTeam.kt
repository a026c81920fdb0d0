package polyglot

import com.polyglot.java.v1.JourneyClient
import com.polyglot.java.v1.JsonJourneyClient
import com.polyglot.java.v1.JsonLockerClient
import com.polyglot.java.v1.JsonMirrorClient
import com.polyglot.java.v1.LockerClient
import com.polyglot.java.v1.MirrorClient

/** How the Java team is called in binary. */
val javaBinary =
    Team(
        mirror =
            Client(
                call = { ctx, key, values ->
                    MirrorClient.fromContext(ctx).reflect(values) { idempotencyKey = key }
                },
                send = { ctx, _, values ->
                    MirrorClient.fromContext(ctx).send(DELAY).reflect(values)
                },
                outside =
                    Outside(
                        call = { client, _, values ->
                            MirrorClient.fromClient(client).reflect(values)
                        },
                        send = { client, _, values ->
                            MirrorClient.fromClient(client).send(DELAY).reflect(values)
                        },
                    ),
            ),
        locker =
            Client(
                call = { ctx, key, values ->
                    LockerClient.fromContext(ctx, key).keep(values) { idempotencyKey = key }
                },
                send = { ctx, key, values ->
                    LockerClient.fromContext(ctx, key).send(DELAY).keep(values)
                },
                later = { ctx, key -> LockerClient.fromContext(ctx, key).look() },
                outside =
                    Outside(
                        call = { client, key, values ->
                            LockerClient.fromClient(client, key).keep(values)
                        },
                        send = { client, key, values ->
                            LockerClient.fromClient(client, key).send(DELAY).keep(values)
                        },
                        later = { client, key -> LockerClient.fromClient(client, key).look() },
                    ),
            ),
        journey =
            Client(
                call = { ctx, key, values -> JourneyClient.fromContext(ctx, key).run(values) },
                send = { ctx, key, values ->
                    JourneyClient.fromContext(ctx, key).send(DELAY).run(values)
                },
                later = { ctx, key -> JourneyClient.fromContext(ctx, key).arrived() },
                outside =
                    Outside(
                        call = { client, key, values ->
                            JourneyClient.fromClient(client, key).run(values)
                        },
                        send = { client, key, values ->
                            JourneyClient.fromClient(client, key).send(DELAY).run(values)
                        },
                        later = { client, key ->
                            JourneyClient.fromClient(client, key).arrived()
                        },
                    ),
            ),
    )

/** How the Java team is called in JSON. */
val javaJson =
    Team(
        mirror =
            Client(
                call = { ctx, key, values ->
                    JsonMirrorClient.fromContext(ctx).reflect(values) { idempotencyKey = key }
                },
                send = { ctx, _, values ->
                    JsonMirrorClient.fromContext(ctx).send(DELAY).reflect(values)
                },
                outside =
                    Outside(
                        call = { client, _, values ->
                            JsonMirrorClient.fromClient(client).reflect(values)
                        },
                        send = { client, _, values ->
                            JsonMirrorClient.fromClient(client).send(DELAY).reflect(values)
                        },
                    ),
            ),
        locker =
            Client(
                call = { ctx, key, values ->
                    JsonLockerClient.fromContext(ctx, key).keep(values) { idempotencyKey = key }
                },
                send = { ctx, key, values ->
                    JsonLockerClient.fromContext(ctx, key).send(DELAY).keep(values)
                },
                later = { ctx, key -> JsonLockerClient.fromContext(ctx, key).look() },
                outside =
                    Outside(
                        call = { client, key, values ->
                            JsonLockerClient.fromClient(client, key).keep(values)
                        },
                        send = { client, key, values ->
                            JsonLockerClient.fromClient(client, key).send(DELAY).keep(values)
                        },
                        later = { client, key -> JsonLockerClient.fromClient(client, key).look() },
                    ),
            ),
        journey =
            Client(
                call = { ctx, key, values -> JsonJourneyClient.fromContext(ctx, key).run(values) },
                send = { ctx, key, values ->
                    JsonJourneyClient.fromContext(ctx, key).send(DELAY).run(values)
                },
                later = { ctx, key -> JsonJourneyClient.fromContext(ctx, key).arrived() },
                outside =
                    Outside(
                        call = { client, key, values ->
                            JsonJourneyClient.fromClient(client, key).run(values)
                        },
                        send = { client, key, values ->
                            JsonJourneyClient.fromClient(client, key).send(DELAY).run(values)
                        },
                        later = { client, key ->
                            JsonJourneyClient.fromClient(client, key).arrived()
                        },
                    ),
            ),
    )
