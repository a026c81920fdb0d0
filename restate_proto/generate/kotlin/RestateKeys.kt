@file:Suppress("DEPRECATION", "REDUNDANT_VISIBILITY_MODIFIER", "UNCHECKED_CAST")

package PACKAGE

import com.google.protobuf.Descriptors.EnumValueDescriptor
import com.google.protobuf.Descriptors.FieldDescriptor
import com.google.protobuf.Message
import dev.restate.client.Client
import dev.restate.client.kotlin.rejectSuspend
import dev.restate.client.kotlin.resolveSuspend
import dev.restate.sdk.kotlin.Awakeable
import dev.restate.sdk.kotlin.Context
import dev.restate.sdk.kotlin.SharedObjectContext
import dev.restate.serde.TypeTag
import java.lang.Class
// Those of Kotlin too: a message of the package may have such a name.
import kotlin.Any
import kotlin.IllegalArgumentException
import kotlin.IndexOutOfBoundsException
import kotlin.Int
import kotlin.Long
import kotlin.String
import kotlin.Suppress
import kotlin.require

/** Keys of objects and ids of workflows that are messages, and ids of awakeables in fields. */
public object RestateKeys {
    /**
     * The keys of an object, or the ids of a workflow, as a message.
     *
     * @param K the message
     * @param prototype the default instance of the message
     * @param prefix the text before the first field
     * @param parts the names of the fields, each with the text that follows it
     */
    public class KeyFormat<K : Message> internal constructor(
        private val prototype: K,
        private val prefix: String,
        vararg parts: String,
    ) {
        private val fields = parts.filterIndexed { i, _ -> i % 2 == 0 }.map { prototype.descriptorForType.findFieldByName(it) }
        private val texts = parts.filterIndexed { i, _ -> i % 2 == 1 }

        /** Returns the key of the invocation that a context belongs to. */
        public fun of(ctx: SharedObjectContext): K = parse(ctx.key())

        /** Returns the text of a key; a string in it may not contain the text that follows it. */
        public fun format(key: K): String {
            val text = StringBuilder(prefix)
            for ((i, field) in fields.withIndex()) {
                val value = text(field, key.getField(field))
                val after = texts[i]
                val mayBeAnything = i == fields.lastIndex || field.type != FieldDescriptor.Type.STRING
                require(mayBeAnything || (value + after).indexOf(after) == value.length) {
                    "${field.name} is \"$value\", so the \"$after\" that follows it in the key $this " +
                        "would be found too early; write a value without it"
                }
                text.append(value).append(after)
            }
            require(text.isNotEmpty()) { "${fields.last().name} is empty, and a key must not be" }
            return text.toString()
        }

        /** Returns the message that a key was made from; throws an IllegalArgumentException if the text is not a key. */
        public fun parse(text: String): K {
            val key =
                try {
                    read(text)
                } catch (_: IndexOutOfBoundsException) {
                    null
                } catch (_: IllegalArgumentException) {
                    null
                }
            return key ?: throw IllegalArgumentException("\"$text\" does not have the form \"$this\"")
        }

        /** Returns the message of a text; null if the text is not the only way to write it. */
        private fun read(text: String): K? {
            val builder = prototype.newBuilderForType()
            var start = prefix.length
            for ((i, field) in fields.withIndex()) {
                val isLast = i == fields.lastIndex
                val end = if (isLast) text.length - texts[i].length else end(field, text, start, texts[i])
                builder.setField(field, value(field, text.substring(start, end)))
                start = end + texts[i].length
            }
            val key = builder.build() as K
            return if (format(key) == text) key else null
        }

        private fun end(field: FieldDescriptor, text: String, start: Int, after: String): Int =
            when (field.type) {
                FieldDescriptor.Type.STRING -> text.indexOf(after, start)
                FieldDescriptor.Type.BOOL -> start + if (text.startsWith("true", start)) 4 else 5
                else -> {
                    var end = if (text.startsWith("-", start)) start + 1 else start
                    while (end < text.length && text[end].isDigit()) end++
                    end
                }
            }

        private fun text(field: FieldDescriptor, value: Any): String =
            when (field.type) {
                FieldDescriptor.Type.ENUM -> (value as EnumValueDescriptor).number.toString()
                FieldDescriptor.Type.UINT32, FieldDescriptor.Type.FIXED32 -> (value as Int).toUInt().toString()
                FieldDescriptor.Type.UINT64, FieldDescriptor.Type.FIXED64 -> (value as Long).toULong().toString()
                else -> value.toString()
            }

        private fun value(field: FieldDescriptor, text: String): Any =
            when (field.type) {
                FieldDescriptor.Type.STRING -> text
                FieldDescriptor.Type.BOOL -> text == "true"
                FieldDescriptor.Type.ENUM -> field.enumType.findValueByNumberCreatingIfUnknown(text.toInt())
                FieldDescriptor.Type.UINT32, FieldDescriptor.Type.FIXED32 -> text.toUInt().toInt()
                FieldDescriptor.Type.UINT64, FieldDescriptor.Type.FIXED64 -> text.toULong().toLong()
                FieldDescriptor.Type.INT64, FieldDescriptor.Type.SINT64, FieldDescriptor.Type.SFIXED64 -> text.toLong()
                else -> text.toInt()
            }

        override fun toString(): String = prefix + fields.indices.joinToString("") { "{${fields[it].name}}${texts[it]}" }
    }

    /**
     * A field of a message that holds the id of an awakeable.
     *
     * @param M the message
     * @param T what the awakeable is resolved with
     */
    public class AwakeableField<M : Message, T : Message> internal constructor(
        prototype: M,
        name: String,
        private val type: Class<T>,
    ) {
        private val field: FieldDescriptor = prototype.descriptorForType.findFieldByName(name)

        /** Makes an awakeable, whose id is for the field. */
        public suspend fun awakeable(ctx: Context): Awakeable<T> = ctx.awakeable(TypeTag.of(type))

        /** Returns the id that a message holds; it must not be empty, because then nobody waits. */
        public fun id(message: M): String {
            val id = message.getField(field) as String
            require(id.isNotEmpty()) { "$field is empty, so the sender of the message does not wait for an awakeable" }
            return id
        }

        /** Resolves the awakeable whose id a message holds, in a handler. */
        public suspend fun resolve(ctx: Context, message: M, value: T) {
            ctx.awakeableHandle(id(message)).resolve(TypeTag.of(type), value)
        }

        /** Rejects the awakeable whose id a message holds, in a handler. */
        public suspend fun reject(ctx: Context, message: M, reason: String) {
            ctx.awakeableHandle(id(message)).reject(reason)
        }

        /** Resolves the awakeable whose id a message holds, outside of Restate. */
        public suspend fun resolve(client: Client, message: M, value: T) {
            client.awakeableHandle(id(message)).resolveSuspend(TypeTag.of(type), value)
        }

        /** Rejects the awakeable whose id a message holds, outside of Restate. */
        public suspend fun reject(client: Client, message: M, reason: String) {
            client.awakeableHandle(id(message)).rejectSuspend(reason)
        }
    }
}
