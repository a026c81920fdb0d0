package PACKAGE

import build.buf.protovalidate.ValidatorFactory
import build.buf.protovalidate.exceptions.ValidationException
import build.buf.validate.FieldPathElement
import build.buf.validate.FieldPathElement.SubscriptCase
import build.buf.validate.Violation
import com.google.protobuf.Message
import dev.restate.sdk.common.TerminalException
// Those of Kotlin too: a message of the package may have such a name.
import kotlin.IllegalStateException
import kotlin.String
import kotlin.collections.List

/** Validates requests by the rules of buf.validate in their contract. */
internal object RestateValidation {
    private val validator = ValidatorFactory.newBuilder().build()

    // A failure travels with the journal and the answer: what is said in it stays bounded.
    private const val MOST_SHOWN = 20

    /**
     * Refuses a request that breaks a rule, by a TerminalException with code 400. A rule that is wrong,
     * or cannot be evaluated for it, is an IllegalStateException, which is retried.
     */
    fun check(handler: String, request: Message) {
        val result =
            try {
                validator.validate(request)
            } catch (e: ValidationException) {
                throw IllegalStateException("$handler: a rule of buf.validate has to be corrected: ${e.message}", e)
            }
        if (!result.isSuccess) {
            val found = result.toProto().violationsList
            throw TerminalException(400, "$handler: invalid request: ${text(found)}")
        }
    }

    private fun text(found: List<Violation>): String {
        val more = found.size - MOST_SHOWN
        val shown = found.take(MOST_SHOWN).joinToString("; ") { text(it) }
        return if (more > 0) "$shown; and $more more" else shown
    }

    private fun text(violation: Violation): String {
        val path = path(violation.field.elementsList)
        val where = if (violation.forKey) "the key $path" else path
        val what = violation.message.ifEmpty { "breaks the rule ${violation.ruleId}" }
        return if (where.isEmpty()) what else "$where: $what"
    }

    /** Returns a path as protovalidate writes it: `items[2].labels["a"].name`. */
    private fun path(elements: List<FieldPathElement>): String =
        elements.joinToString(".") { each ->
            each.fieldName +
                when (each.subscriptCase) {
                    SubscriptCase.INDEX -> "[${each.index}]"
                    SubscriptCase.BOOL_KEY -> "[${each.boolKey}]"
                    SubscriptCase.INT_KEY -> "[${each.intKey}]"
                    SubscriptCase.UINT_KEY -> "[${each.uintKey.toULong()}]"
                    SubscriptCase.STRING_KEY -> {
                        val key = each.stringKey.replace("\\", "\\\\").replace("\"", "\\\"")
                        "[\"$key\"]"
                    }
                    else -> ""
                }
        }
}
