package golden.payloads

import dev.restate.common.Target

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
    val request = Strict.newBuilder().setName("ada").build()
    val wanted = Target.virtualObject("golden.payloads.Binary", "ada", "Keyed")
    for (key in listOf(null, "ada")) {
        check(BinaryHandlers.KEYED.request(key, request).target == wanted)
    }
    refused { BinaryHandlers.KEYED.request("bob", request) }
    refused { BinaryHandlers.KEYED.request("", Strict.getDefaultInstance()) }
}

private fun refused(request: () -> Unit) {
    check(runCatching(request).exceptionOrNull() is IllegalArgumentException)
}
