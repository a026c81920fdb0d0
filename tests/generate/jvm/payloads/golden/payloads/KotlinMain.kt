package golden.payloads

import dev.restate.common.Request
import dev.restate.common.Target
import dev.restate.serde.Serde

public fun main() {
    Checks.run(
        JsonHandlers.PACK.requestSerde,
        JsonHandlers.TIME.requestSerde,
        BinaryHandlers.TIME.requestSerde,
        JsonHandlers.TIME.responseSerde,
        BinaryHandlers.TIME.responseSerde,
        JsonHandlers.PACK.responseSerde,
        BinaryHandlers.PACK.responseSerde,
    )
    Checks.nothing(Unit, JsonHandlers.NOTHING.requestSerde, BinaryHandlers.NOTHING.responseSerde)
    Checks.keys(KeyedBase.KEY::format, KeyedBase.KEY::parse)
    Checks.bytes(KeyedHandlers.COPY.requestSerde, null)
    Checks.bytes(KeyedHandlers.COPY.responseSerde, "image/png")
    Checks.bytes(KeyedHandlers.SCAN.requestSerde, "application/octet-stream")
    val waits = PayloadKey.newBuilder().setTeam("sign_1").build()
    check(PayloadKeyAwakeables.TEAM.id(waits) == "sign_1")
    refused { PayloadKeyAwakeables.TEAM.id(PayloadKey.getDefaultInstance()) }
    Checks.errors { failure ->
        RefusalException.from(failure)?.let { listOf(it.detail, it.message, it.code) }.orEmpty()
    }
    // A client throws the error of the contract, and any other as it is.
    val other = Checks.failure("{}")
    val raised =
        listOf(Checks.REFUSED, other).map { failed ->
            runCatching { RestateHandler.raising(RefusalException.Companion::from) { throw failed } }
                .exceptionOrNull()
        }
    check(raised[0] is RefusalException && raised[0]?.cause === Checks.REFUSED)
    check(raised[1] === other)
    val request = Strict.newBuilder().setName("ada").build()
    val wanted = Target.virtualObject("golden.payloads.Binary", "ada", "Keyed")
    for (key in listOf(null, "ada")) {
        check(BinaryHandlers.KEYED.request(key, request).target == wanted)
    }
    refused { BinaryHandlers.KEYED.request("bob", request) }
    check(BinaryHandlers.KEYED.request(request) { idempotencyKey = "abc" }.idempotencyKey == "abc")

    // From outside an empty message goes as JSON, and what is always empty as nothing.
    val empty = Strict.getDefaultInstance()
    val type = serde(BinaryHandlers.KEYED.ingressRequest("ada", empty)).contentType()
    check(type == "application/json")
    check(serde(BinaryHandlers.KEYED.request("ada", empty)).contentType() != type)
    check(serde(BinaryHandlers.NOTHING.ingressRequest("ada", Unit)).contentType() == null)
    refused { BinaryHandlers.KEYED.request("", Strict.getDefaultInstance()) }
}

private fun serde(request: Request<*, *>) = request.requestTypeTag as Serde<*>

private fun refused(request: () -> Unit) {
    check(runCatching(request).exceptionOrNull() is IllegalArgumentException)
}
