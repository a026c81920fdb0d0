"""What every generated Kotlin file has for itself: how messages are read and written.

It is in each file, and private there, because protoc and buf call the generator for some files at
a time: a file that two calls would both write is none that a build can rely on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from restate_proto.codec.payload import BINARY_TYPES, JSON_TYPES, NO_OBJECTS
from restate_proto.generate.kotlin.source import quote

if TYPE_CHECKING:
    from restate_proto.generate.jvm.messages import JvmClass
    from restate_proto.generate.kotlin.source import Imports, Printer

__all__ = ["render_support"]

# `<<name>>` is a class or a function that is imported, THE_SERDE the file's own class, THE_FILE
# protobuf-java's for the contract's file; THE_..._TYPES and THE_NO_OBJECTS are strings.
_SUPPORT = """\
// What follows is in every generated file, so that none needs another.

private val binaryTypes =
    <<kotlin.collections.setOf>>(
THE_BINARY_TYPES
    )

private val jsonTypes =
    <<kotlin.collections.setOf>>(
THE_JSON_TYPES
    )

// Their ProtoJSON is no object.
private val noObjects =
    <<kotlin.collections.setOf>>(
THE_NO_OBJECTS
    )

// What a google.protobuf.Any may hold in JSON: the messages that the contract can see.
private val messageTypes by <<kotlin.lazy>> {
    val files = <<java.util.LinkedHashSet>><<<com.google.protobuf.Descriptors.FileDescriptor>>>()

    fun visit(file: <<com.google.protobuf.Descriptors.FileDescriptor>>) {
        if (files.add(file)) file.dependencies.forEach(::visit)
    }
    visit(THE_FILE.getDescriptor())
    val builder = <<com.google.protobuf.TypeRegistry>>.newBuilder()
    files.forEach { builder.add(it.messageTypes) }
    builder.build()
}

private val jsonPrinter by <<kotlin.lazy>> {
    val printer = <<com.google.protobuf.util.JsonFormat>>.printer().usingTypeRegistry(messageTypes)
    printer.omittingInsignificantWhitespace().sortingMapKeys()
}

private val jsonParser by <<kotlin.lazy>> {
    <<com.google.protobuf.util.JsonFormat>>.parser().usingTypeRegistry(messageTypes).ignoringUnknownFields()
}

/** Writes a message in one encoding; reads it in either, as its first byte says, if it `looks`. */
private class THE_SERDE<M : <<com.google.protobuf.Message>>>(
    private val prototype: M,
    private val json: <<kotlin.Boolean>>,
    private val looks: <<kotlin.Boolean>> = true,
) : <<dev.restate.serde.Serde>><M> {
    fun inJson(): THE_SERDE<M> = THE_SERDE(prototype, json = true)

    override fun serialize(value: M): <<dev.restate.common.Slice>> {
        if (json) {
            return <<dev.restate.common.Slice>>.wrap(jsonPrinter.print(value))
        }
        val bytes = <<kotlin.ByteArray>>(value.serializedSize)
        val output = <<com.google.protobuf.CodedOutputStream>>.newInstance(bytes)
        output.useDeterministicSerialization()
        value.writeTo(output)
        output.checkNoSpaceLeft()
        return <<dev.restate.common.Slice>>.wrap(bytes)
    }

    override fun deserialize(value: <<dev.restate.common.Slice>>): M {
        val data = value.asReadOnlyByteBuffer()
        val isJson = if (looks) looksLikeJson(value) else json
        val builder = prototype.newBuilderForType()
        if (!isJson) {
            val input = <<com.google.protobuf.CodedInputStream>>.newInstance(data)
            builder.mergeFrom(input)
            input.checkLastTagWas(0)
        } else if (data.hasRemaining()) {
            val text = <<java.nio.charset.StandardCharsets>>.UTF_8.newDecoder().decode(data).toString()
            jsonParser.merge(text, builder)
        }
        return builder.buildPartial() as M
    }

    // The ingress takes no content type with a body that is always empty.
    override fun contentType(): <<kotlin.String>>? =
        when {
            json -> "application/json"
            prototype is <<com.google.protobuf.Empty>> -> null
            else -> "application/protobuf"
        }

    fun looksLikeJson(data: <<dev.restate.common.Slice>>): <<kotlin.Boolean>> =
        when {
            data.readableBytes() == 0 -> json
            data.byteAt(0).toInt() == '{'.code -> true
            else -> prototype.descriptorForType.fullName in noObjects && beginsJson(data)
        }

    private fun beginsJson(data: <<dev.restate.common.Slice>>): <<kotlin.Boolean>> {
        fun at(index: <<kotlin.Int>>) = data.byteAt(index).toInt().toChar()

        // A list in a Value begins with 2 in binary, too, but is no number.
        val isNumber = at(0) != '2' || (0 until data.readableBytes()).all { at(it) in "0123456789.eE+- \\t\\r\\n" }
        return isNumber && at(0) in "[\\"tfn-0123456789"
    }
}

/** Messages by their class; what is no message is kotlinx.serialization's. */
private fun serdeFactory(json: <<kotlin.Boolean>>): <<dev.restate.serde.SerdeFactory>> =
    object : <<dev.restate.serde.kotlinx.KotlinSerializationSerdeFactory>>() {
        override fun <T> create(typeTag: <<dev.restate.serde.TypeTag>><T>): <<dev.restate.serde.Serde>><T> {
            val type =
                when (typeTag) {
                    is KtTypeTag -> typeTag.type.java
                    is <<dev.restate.serde.TypeTag.Class>> -> typeTag.type()
                    else -> null
                }
            if (type == null || !<<com.google.protobuf.Message>>::class.java.isAssignableFrom(type)) {
                return super.create(typeTag)
            }
            val prototype = type.getMethod("getDefaultInstance").invoke(null)
            val serde = THE_SERDE(prototype as <<com.google.protobuf.Message>>, json)
            return serde as <<dev.restate.serde.Serde>><T>
        }
    }

private fun <Q : <<com.google.protobuf.Message>>, R : <<com.google.protobuf.Message>>> newRequest(
    target: <<dev.restate.common.Target>>,
    input: <<dev.restate.serde.Serde>><Q>,
    output: <<dev.restate.serde.Serde>><R>,
    request: Q,
    init: <<dev.restate.common.RequestBuilder>><Q, R>.() -> <<kotlin.Unit>>,
): <<dev.restate.common.Request>><Q, R> {
    val builder = <<dev.restate.common.Request>>.of(target, input, output, request)
    builder.init()
    return builder.build()
}

private fun keyOf(handler: <<kotlin.String>>, key: <<kotlin.String>>?, inRequest: <<kotlin.String>> = ""): <<kotlin.String>> {
    val found = inRequest.ifEmpty { key.orEmpty() }
    <<kotlin.require>>(key == null || key == found) {
        "$handler: the client is for the key \\"$key\\", but the request says \\"$found\\""
    }
    <<kotlin.require>>(found.isNotEmpty()) { "$handler needs a key, which must not be empty" }
    return found
}

/**
 * A request as the ingress takes it.
 *
 * Where a handler's input has a JSON Schema, the ingress refuses an empty body with a content type;
 * where it is required, one without. `{}` is the same message, and taken by both.
 */
private fun <Q : <<com.google.protobuf.Message>>, R : <<com.google.protobuf.Message>>> fromOutside(
    request: <<dev.restate.common.Request>><Q, R>,
    init: <<dev.restate.common.RequestBuilder>><Q, R>.() -> <<kotlin.Unit>>,
): <<dev.restate.common.Request>><Q, R> {
    if (request.request is <<com.google.protobuf.Empty>> || request.request.serializedSize > 0) {
        return request
    }
    val input = request.requestTypeTag as THE_SERDE<Q>
    val output = request.responseTypeTag as THE_SERDE<R>
    return newRequest(request.target, input.inJson(), output.inJson(), request.request, init)
}

private fun <C : <<dev.restate.sdk.kotlin.Context>>, Q : <<com.google.protobuf.Message>>, R : <<com.google.protobuf.Message>>> handler(
    name: <<kotlin.String>>,
    type: <<dev.restate.sdk.endpoint.definition.HandlerType>>,
    request: Q,
    response: R,
    json: <<kotlin.Boolean>>,
    options: <<dev.restate.sdk.endpoint.definition.HandlerRunner.Options>>?,
    method: suspend (C, Q) -> R,
): <<dev.restate.sdk.endpoint.definition.HandlerDefinition>><Q, R> {
    <<kotlin.require>>(options == null || options is <<dev.restate.sdk.kotlin.HandlerRunner.Options>>) {
        "the options are not those of the Kotlin SDK's HandlerRunner"
    }
    val inner =
        <<dev.restate.sdk.kotlin.HandlerRunner>>.of(
            serdeFactory(json),
            options ?: <<dev.restate.sdk.kotlin.HandlerRunner.Options>>.DEFAULT,
            method,
        )
    val input = THE_SERDE(request, json)
    val binaryInput = THE_SERDE(request, json = false, looks = false)
    val binaryOutput = THE_SERDE(response, json = false, looks = false)
    val jsonInput = THE_SERDE(request, json = true, looks = false)
    val jsonOutput = THE_SERDE(response, json = true, looks = false)
    // Reads the request in the encoding that it is in, and answers in the same.
    val runner =
        object : <<dev.restate.sdk.endpoint.definition.HandlerRunner>><Q, R> {
            override fun run(
                handlerContext: <<dev.restate.sdk.endpoint.definition.HandlerContext>>,
                requestSerde: <<dev.restate.serde.Serde>><Q>,
                responseSerde: <<dev.restate.serde.Serde>><R>,
                onClosedInvocationStreamHook: <<java.util.concurrent.atomic.AtomicReference>><<<java.lang.Runnable>>>,
            ): <<java.util.concurrent.CompletableFuture>><<<dev.restate.common.Slice>>> {
                val asked = handlerContext.request()
                return if (saysJson(asked) ?: input.looksLikeJson(asked.body())) {
                    inner.run(handlerContext, jsonInput, jsonOutput, onClosedInvocationStreamHook)
                } else {
                    inner.run(handlerContext, binaryInput, binaryOutput, onClosedInvocationStreamHook)
                }
            }
        }
    val output =
        object : <<dev.restate.serde.Serde>><R> by THE_SERDE(response, json) {
            override fun contentType(): <<kotlin.String>> =
                if (json) "application/json" else "application/protobuf+json"
        }
    val definition = <<dev.restate.sdk.endpoint.definition.HandlerDefinition>>.of(name, type, input, output, runner)
    return if (input.contentType() == null) definition else definition.withAcceptContentType("*/*")
}

/** Whether the headers of a request say that it is JSON; null where they say nothing. */
private fun saysJson(request: <<dev.restate.sdk.common.HandlerRequest>>): <<kotlin.Boolean>>? {
    fun header(name: <<kotlin.String>>): <<kotlin.String>>? =
        request.headers().entries.find { it.key.equals(name, ignoreCase = true) }?.value

    val isEmpty = request.body().readableBytes() == 0
    val type = header("content-type")?.substringBefore(';')?.trim()?.lowercase()
    return when {
        type == null -> if (isEmpty && "json" in header("accept").orEmpty()) true else null
        type in jsonTypes || type.endsWith("+json") -> true
        type in binaryTypes -> false
        else -> null
    }
}
"""


def render_support(printer: Printer, imports: Imports, serde: str, file: JvmClass) -> None:
    """Adds the functions that the rest of the file calls, and the class of its serdes.

    Args:
        printer: takes the text.
        imports: takes what the text needs.
        serde: the name of the class.
        file: protobuf-java's class for the contract's file.
    """

    def imported(match: re.Match[str]) -> str:
        name = match[1]
        is_class = any(part[:1].isupper() for part in name.split("."))
        return imports.use(name) if is_class else imports.function(name)

    text = _SUPPORT.replace("THE_SERDE", serde).replace("THE_FILE", imports.use(file))
    for place, strings in (
        ("THE_BINARY_TYPES", BINARY_TYPES),
        ("THE_JSON_TYPES", JSON_TYPES),
        ("THE_NO_OBJECTS", NO_OBJECTS),
    ):
        text = text.replace(place, "\n".join(f"        {quote(string)}," for string in strings))
    text = re.sub(r"<<([\w.]+)>>", imported, text)
    printer.line()
    for line in text.splitlines():
        printer.line(line)
