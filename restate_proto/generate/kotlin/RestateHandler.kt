@file:Suppress("DEPRECATION", "REDUNDANT_VISIBILITY_MODIFIER", "UNCHECKED_CAST")

package PACKAGE

import com.google.protobuf.CodedInputStream
import com.google.protobuf.CodedOutputStream
import com.google.protobuf.Descriptors.FileDescriptor
import com.google.protobuf.Empty
import com.google.protobuf.InvalidProtocolBufferException
import com.google.protobuf.Message
import com.google.protobuf.Struct
import com.google.protobuf.TypeRegistry
import com.google.protobuf.util.JsonFormat
import dev.restate.client.Client
import dev.restate.client.IngressException
import dev.restate.common.Request
import dev.restate.common.RequestBuilder
import dev.restate.common.Slice
import dev.restate.common.Target
import dev.restate.sdk.common.HandlerRequest
import dev.restate.sdk.common.TerminalException
import dev.restate.sdk.endpoint.definition.HandlerContext
import dev.restate.sdk.endpoint.definition.HandlerDefinition
import dev.restate.sdk.endpoint.definition.HandlerRunner
import dev.restate.sdk.endpoint.definition.HandlerType
import dev.restate.sdk.endpoint.definition.ServiceDefinition
import dev.restate.sdk.endpoint.definition.ServiceType
import dev.restate.sdk.kotlin.Context
import dev.restate.serde.Serde
import dev.restate.serde.TypeTag
import dev.restate.serde.kotlinx.KotlinSerializationSerdeFactory
import java.lang.Class
import java.lang.Runnable
import java.nio.charset.StandardCharsets
import java.util.Base64
import java.util.LinkedHashSet
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicReference
// Those of Kotlin too: a message of the package may have such a name.
import kotlin.Any
import kotlin.Boolean
import kotlin.ByteArray
import kotlin.IllegalArgumentException
import kotlin.Int
import kotlin.String
import kotlin.Suppress
import kotlin.Unit
import kotlin.collections.listOf
import kotlin.collections.setOf
import kotlin.lazy
import kotlin.require
import kotlin.text.Regex

/**
 * A handler of a contract: makes requests to it, and binds the function that serves it.
 *
 * Payloads are protobuf binary or ProtoJSON, as the contract says, and zero bytes for the empty
 * message. Either can be read, whatever is written.
 *
 * @param Q the request; Unit if it is empty
 * @param R the response; Unit if it is empty
 */
public class RestateHandler<Q : Any, R : Any> private constructor(
    private val service: Service,
    private val name: String,
    private val type: HandlerType,
    private val input: MessageSerde<Q>,
    private val output: MessageSerde<R>,
    private val keyOf: (Q) -> String,
    private val check: (String, Q) -> Unit = { _, _ -> },
) {
    public val requestSerde: Serde<Q>
        get() = input

    public val responseSerde: Serde<R>
        get() = output

    /** Returns a request without a key, or with the key in a field, for use in a handler. */
    public fun request(request: Q, options: RequestBuilder<*, *>.() -> Unit = {}): Request<Q, R> =
        request(null, request, options)

    /** Returns a request for use in a handler. */
    public fun request(
        key: String?,
        request: Q,
        options: RequestBuilder<*, *>.() -> Unit = {},
    ): Request<Q, R> = build(input, output, key, request, options)

    /** Returns a request without a key, or with the key in a field, for use outside of Restate. */
    public fun ingressRequest(
        request: Q,
        options: RequestBuilder<*, *>.() -> Unit = {},
    ): Request<Q, R> = ingressRequest(null, request, options)

    /** Returns a request for use outside of Restate. */
    public fun ingressRequest(
        key: String?,
        request: Q,
        options: RequestBuilder<*, *>.() -> Unit = {},
    ): Request<Q, R> =
        if (request is Message && request.serializedSize == 0) {
            // Zero bytes need a content type with some endpoints and must have none with others.
            build(input.copy(json = true), output.copy(json = true), key, request, options)
        } else {
            build(input, output, key, request, options)
        }

    private fun build(
        input: Serde<Q>,
        output: Serde<R>,
        key: String?,
        request: Q,
        options: RequestBuilder<*, *>.() -> Unit,
    ): Request<Q, R> {
        val builder = Request.of(target(key, request), input, output, request)
        builder.options()
        return builder.build()
    }

    private fun target(key: String?, request: Q): Target =
        when (service.type) {
            ServiceType.SERVICE -> Target.service(service.name, name)
            ServiceType.VIRTUAL_OBJECT -> Target.virtualObject(service.name, checked(key, keyOf(request)), name)
            ServiceType.WORKFLOW -> Target.workflow(service.name, checked(key, keyOf(request)), name)
        }

    /** Returns the client's key, or that in the request's key field; they must agree. */
    private fun checked(client: String?, request: String): String {
        val key = request.ifEmpty { client.orEmpty() }
        require(key.isNotEmpty()) {
            "$this needs a key, which must not be empty: pass it to the client, or in the request"
        }
        require(client == null || client == key) {
            "$this: the client is for the key \"$client\", but the request says \"$key\""
        }
        return key
    }

    /** Returns the run of a workflow. */
    public fun workflowHandle(client: Client, key: String?): Client.WorkflowHandle<R> =
        client.workflowHandle(service.name, checked(key, ""), output)

    /** Returns the handler with a function that may refuse requests, and gets the handler's name. */
    internal fun validating(check: (String, Q) -> Unit): RestateHandler<Q, R> =
        RestateHandler(service, name, type, input, output, keyOf, check)

    /** Returns the definition of the handler, which answers in the encoding of the request. */
    public fun <C : Context> bind(
        options: HandlerRunner.Options?,
        method: suspend (C, Q) -> R,
    ): HandlerDefinition<Q, R> {
        require(options == null || options is dev.restate.sdk.kotlin.HandlerRunner.Options) {
            "the options are not those of the Kotlin SDK's HandlerRunner"
        }
        val checked: suspend (C, Q) -> R = { context, request ->
            check(toString(), request)
            method(context, request)
        }
        val inner =
            dev.restate.sdk.kotlin.HandlerRunner.of(
                service,
                options ?: dev.restate.sdk.kotlin.HandlerRunner.Options.DEFAULT,
                checked,
            )
        val runner =
            object : HandlerRunner<Q, R> {
                override fun run(
                    handlerContext: HandlerContext,
                    requestSerde: Serde<Q>,
                    responseSerde: Serde<R>,
                    onClosedInvocationStreamHook: AtomicReference<Runnable>,
                ): CompletableFuture<Slice> {
                    try {
                        service.checkKey(handlerContext.objectKey())
                    } catch (e: IllegalArgumentException) {
                        val error = TerminalException(400, "${this@RestateHandler}: bad key: ${e.message}")
                        return CompletableFuture.failedFuture(error)
                    }
                    val json = input.isJson(handlerContext.request())
                    return inner.run(
                        handlerContext,
                        input.copy(json = json, looks = false),
                        output.copy(json = json, looks = false),
                        onClosedInvocationStreamHook,
                    )
                }
            }
        val declared =
            if (output.rawType != null) output else Serde.withContentType(if (service.json) JSON else EITHER, output)
        val definition = HandlerDefinition.of(name, type, input, declared, runner)
        // The SDK declares that there is nothing to take, or that there has to be something.
        return when {
            input.rawType != null -> definition.withAcceptContentType(input.rawType)
            input.contentType() == null -> definition
            else -> definition.withAcceptContentType("*/*")
        }
    }

    override fun toString(): String = "${service.name}/$name"

    /** What the handlers of a service share; it finds the serdes of messages by their classes. */
    internal class Service(
        val name: String,
        val type: ServiceType,
        file: FileDescriptor,
        val json: Boolean,
        /** Throws an IllegalArgumentException if a text is not a key. */
        val checkKey: (String) -> Unit = {},
    ) : KotlinSerializationSerdeFactory() {
        // What a google.protobuf.Any may hold in JSON: the messages that the contract can see.
        private val types by lazy {
            val files = LinkedHashSet<FileDescriptor>()

            fun visit(file: FileDescriptor) {
                if (files.add(file)) file.dependencies.forEach(::visit)
            }
            visit(file)
            val builder = TypeRegistry.newBuilder()
            files.forEach { builder.add(it.messageTypes) }
            builder.build()
        }

        val printer: JsonFormat.Printer by lazy {
            JsonFormat.printer().usingTypeRegistry(types).omittingInsignificantWhitespace().sortingMapKeys()
        }

        val parser: JsonFormat.Parser by lazy {
            JsonFormat.parser().usingTypeRegistry(types).ignoringUnknownFields()
        }

        inline fun <reified Q : Any, reified R : Any> handler(
            name: String,
            type: HandlerType,
            noinline keyOf: (Q) -> String = { "" },
            rawRequest: String? = null,
            rawResponse: String? = null,
        ): RestateHandler<Q, R> =
            of(name, type, serde(Q::class.java, rawRequest), serde(R::class.java, rawResponse), keyOf)

        fun <Q : Any, R : Any> of(
            name: String,
            type: HandlerType,
            request: Serde<Q>,
            response: Serde<R>,
            keyOf: (Q) -> String,
        ): RestateHandler<Q, R> =
            RestateHandler(this, name, type, request as MessageSerde<Q>, response as MessageSerde<R>, keyOf)

        fun define(vararg handlers: HandlerDefinition<*, *>): ServiceDefinition =
            ServiceDefinition.of(name, type, listOf(*handlers))

        override fun <T> create(typeTag: TypeTag<T>): Serde<T> {
            val found =
                when (typeTag) {
                    is KtTypeTag -> typeTag.type.java
                    is TypeTag.Class -> typeTag.type()
                    else -> null
                }
            val isMessage = found != null && Message::class.java.isAssignableFrom(found)
            return if (isMessage) serde<Any>(found, null) as Serde<T> else super.create(typeTag)
        }

        fun <T : Any> serde(type: Class<*>, rawType: String?): Serde<T> {
            if (rawType != null) return MessageSerde(this, Empty.getDefaultInstance(), false, json, true, rawType)
            val isUnit = type == Unit::class.java
            val found = if (isUnit) Empty::class.java else type
            val prototype = found.getMethod("getDefaultInstance").invoke(null) as Message
            return MessageSerde(this, prototype, isUnit, json)
        }
    }

    /**
     * Writes JSON or binary. Reads either where it looks at what it reads, else the same. Where it has
     * a content type of its own, it leaves bytes as they are.
     */
    private data class MessageSerde<T : Any>(
        private val service: Service,
        private val prototype: Message,
        private val isUnit: Boolean,
        private val json: Boolean,
        private val looks: Boolean = true,
        val rawType: String? = null,
    ) : Serde<T> {
        override fun contentType(): String? =
            when {
                rawType == "*/*" -> BYTES
                // The caller has to say which of several types it is, with a header.
                rawType != null -> rawType.takeUnless { it.endsWith("/*") }
                json -> JSON
                // The ingress takes no content type with a body that is always empty.
                else -> if (isUnit) null else BINARY
            }

        override fun serialize(value: T): Slice {
            if (rawType != null) return Slice.wrap(value as ByteArray)
            val message = if (isUnit) prototype else value as Message
            if (json) {
                return Slice.wrap(service.printer.print(message))
            }
            val bytes = ByteArray(message.serializedSize)
            val output = CodedOutputStream.newInstance(bytes)
            output.useDeterministicSerialization()
            message.writeTo(output)
            output.checkNoSpaceLeft()
            return Slice.wrap(bytes)
        }

        override fun deserialize(value: Slice): T {
            if (rawType != null) return value.toByteArray() as T
            val data = value.asReadOnlyByteBuffer()
            val builder = prototype.newBuilderForType()
            if (!(if (looks) looksLikeJson(value) else json)) {
                val input = CodedInputStream.newInstance(data)
                builder.mergeFrom(input)
                input.checkLastTagWas(0)
            } else if (data.hasRemaining()) {
                merge(StandardCharsets.UTF_8.newDecoder().decode(data).toString(), builder)
            }
            return (if (isUnit) Unit else builder.buildPartial()) as T
        }

        private fun merge(json: String, builder: Message.Builder) {
            val signed = keepSigns(json)
            try {
                service.parser.merge(signed, builder)
            } catch (e: InvalidProtocolBufferException) {
                if (signed == json) throw e
                service.parser.merge(json, builder.clear()) // -0 of an integer, or another mistake
            }
        }

        /** Returns JSON with another number for -0.0, which protobuf-java would read as 0.0. */
        private fun keepSigns(json: String): String {
            if ("-0" !in json) return json
            var inString = false
            return NEGATIVE_ZERO.replace(json) {
                inString = inString != (it.value == "\"")
                // The double that is nearest to it is -0.0.
                if (!inString && it.value.startsWith("-")) "-1e-400" else it.value
            }
        }

        /** Whether a request is JSON: what its content type says, else what it looks like. */
        fun isJson(request: HandlerRequest): Boolean {
            val type = header(request, "content-type")?.substringBefore(';')?.trim()?.lowercase()
            val isEmpty = request.body().readableBytes() == 0
            return when {
                // An empty body does not show its encoding: the one asked for counts.
                rawType != null || (type == null && isEmpty) -> json || "json" in header(request, "accept").orEmpty()
                type in BINARY_TYPES -> false
                type in JSON_TYPES || type.orEmpty().endsWith("+json") -> true
                else -> looksLikeJson(request.body())
            }
        }

        private fun header(request: HandlerRequest, name: String): String? =
            request.headers().entries.find { it.key.equals(name, ignoreCase = true) }?.value

        private fun looksLikeJson(data: Slice): Boolean =
            when {
                data.readableBytes() == 0 -> json
                data.byteAt(0).toInt() == '{'.code -> true
                else -> prototype.descriptorForType.fullName in NO_OBJECTS && beginsJson(data)
            }

        /** Whether a payload is a JSON value, for a type whose binary form does not begin like one. */
        private fun beginsJson(data: Slice): Boolean {
            fun at(index: Int) = data.byteAt(index).toInt().toChar()

            // One binary form does: a list in a Value begins with 2, but is not a number.
            val isNumber = at(0) != '2' || (0 until data.readableBytes()).all { at(it) in "0123456789.eE+- \t\r\n" }
            return isNumber && at(0) in "[\"tfn-0123456789"
        }
    }

    internal companion object {
        private const val BINARY = "application/protobuf"
        private const val JSON = "application/json"
        private const val EITHER = "application/protobuf+json"
        private const val BYTES = "application/octet-stream"

        /** Returns the result of a call; throws the error of the contract that it failed with. */
        inline fun <T> raising(vararg readers: (IngressException) -> TerminalException?, call: () -> T): T =
            try {
                call()
            } catch (e: IngressException) {
                throw readers.firstNotNullOfOrNull { it(e) }?.initCause(e) ?: e
            }

        /** Returns the error in the ingress's answer; null if it is another error. */
        fun <D : Message, E> failure(failure: IngressException, prototype: D, make: (D, String) -> E): E? =
            try {
                val answer = Struct.newBuilder()
                JsonFormat.parser().merge(failure.responseBody?.decodeToString() ?: "{}", answer)
                val metadata = answer.fieldsMap["metadata"]?.structValue?.fieldsMap.orEmpty()
                metadata["restatepb.detail/${prototype.descriptorForType.fullName}"]?.let {
                    val detail = prototype.parserForType.parseFrom(Base64.getDecoder().decode(it.stringValue))
                    make(detail as D, answer.fieldsMap["message"]?.stringValue.orEmpty())
                }
            } catch (e: InvalidProtocolBufferException) {
                null // no answer of Restate's, or a detail that cannot be read
            } catch (e: IllegalArgumentException) {
                null
            }

        // A quotation mark, an escaped character of a string, or a number that is -0.0.
        private val NEGATIVE_ZERO = Regex(""""|\\.|(?<![eE])-0(\.0+)?([eE][+-]?\d+)?(?![\d.eE])""")

        private val BINARY_TYPES =
            setOf(
                "THE_BINARY_TYPES",
            )

        private val JSON_TYPES =
            setOf(
                "THE_JSON_TYPES",
            )

        // The types whose ProtoJSON is not an object, so that no opening brace tells it from binary.
        private val NO_OBJECTS =
            setOf(
                "THE_NO_OBJECTS",
            )
    }
}
