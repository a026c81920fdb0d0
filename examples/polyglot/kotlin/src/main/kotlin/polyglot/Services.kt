/** What the Kotlin team serves, in binary and in JSON. */
package polyglot

import com.polyglot.kotlin.v1.JourneyBase
import com.polyglot.kotlin.v1.JsonJourneyBase
import com.polyglot.kotlin.v1.JsonLockerBase
import com.polyglot.kotlin.v1.JsonMirrorBase
import com.polyglot.kotlin.v1.LockerBase
import com.polyglot.kotlin.v1.MirrorBase
import com.polyglot.values.v1.Values
import com.polyglot.values.v1.View
import com.polyglot.values.v1.view
import dev.restate.sdk.kotlin.Context
import dev.restate.sdk.kotlin.ObjectContext
import dev.restate.sdk.kotlin.SharedObjectContext
import dev.restate.sdk.kotlin.SharedWorkflowContext
import dev.restate.sdk.kotlin.WorkflowContext

/** What this program sees in the values. */
fun view(values: Values, encoding: String, key: String = ""): View =
    view {
        this.values = values
        fields.putAll(read(values))
        language = "kotlin"
        this.encoding = encoding
        this.key = key
    }

class Mirror : MirrorBase() {
    override suspend fun reflect(ctx: Context, request: Values): View = view(request, "binary")
}

class Locker : LockerBase() {
    override suspend fun keep(ctx: ObjectContext, request: Values): View {
        ctx.set(KEPT, request)
        return view(request, "binary", ctx.key())
    }

    override suspend fun look(ctx: SharedObjectContext): View =
        view(ctx.get(KEPT) ?: Values.getDefaultInstance(), "binary", ctx.key())
}

class Journey : JourneyBase() {
    override suspend fun run(ctx: WorkflowContext, request: Values): View {
        ctx.promiseHandle(ARRIVED).resolve(request)
        return view(request, "binary", ctx.key())
    }

    override suspend fun arrived(ctx: SharedWorkflowContext): View =
        view(ctx.promise(ARRIVED).future().await(), "binary", ctx.key())
}

class JsonMirror : JsonMirrorBase() {
    override suspend fun reflect(ctx: Context, request: Values): View = view(request, "json")
}

class JsonLocker : JsonLockerBase() {
    override suspend fun keep(ctx: ObjectContext, request: Values): View {
        ctx.set(KEPT, request)
        return view(request, "json", ctx.key())
    }

    override suspend fun look(ctx: SharedObjectContext): View =
        view(ctx.get(KEPT) ?: Values.getDefaultInstance(), "json", ctx.key())
}

class JsonJourney : JsonJourneyBase() {
    override suspend fun run(ctx: WorkflowContext, request: Values): View {
        ctx.promiseHandle(ARRIVED).resolve(request)
        return view(request, "json", ctx.key())
    }

    override suspend fun arrived(ctx: SharedWorkflowContext): View =
        view(ctx.promise(ARRIVED).future().await(), "json", ctx.key())
}
