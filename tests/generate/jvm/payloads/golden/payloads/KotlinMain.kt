package golden.payloads

import dev.restate.common.Target

public fun main() {
    Checks.run(
        JsonHandlers.Metadata.Serde.PACK_INPUT,
        JsonHandlers.Metadata.Serde.TIME_INPUT,
        BinaryHandlers.Metadata.Serde.TIME_INPUT,
        JsonHandlers.Metadata.Serde.TIME_OUTPUT,
        BinaryHandlers.Metadata.Serde.TIME_OUTPUT,
        JsonHandlers.Metadata.Serde.PACK_OUTPUT,
        BinaryHandlers.Metadata.Serde.PACK_OUTPUT,
    )
    val request = Strict.newBuilder().setName("ada").build()
    val wanted = Target.virtualObject("golden.payloads.Binary", "ada", "Keyed")
    for (key in listOf(null, "ada")) {
        check(BinaryHandlers.keyed(key, request).target == wanted)
    }
    refused { BinaryHandlers.keyed("bob", request) }
    refused { BinaryHandlers.keyed("", Strict.getDefaultInstance()) }
}

private fun refused(request: () -> Unit) {
    check(runCatching(request).exceptionOrNull() is IllegalArgumentException)
}
