package polyglot;

import com.polyglot.java.v1.JourneyBase;
import com.polyglot.java.v1.JsonJourneyBase;
import com.polyglot.java.v1.JsonLockerBase;
import com.polyglot.java.v1.JsonMirrorBase;
import com.polyglot.java.v1.LockerBase;
import com.polyglot.java.v1.MirrorBase;
import com.polyglot.values.v1.Values;
import com.polyglot.values.v1.View;
import dev.restate.sdk.Context;
import dev.restate.sdk.ObjectContext;
import dev.restate.sdk.SharedObjectContext;
import dev.restate.sdk.SharedWorkflowContext;
import dev.restate.sdk.WorkflowContext;

/** What the Java team serves, in binary and in JSON. */
final class Services {
  private Services() {}

  /** What this program sees in the values. */
  static View view(Values values, String encoding, String key) {
    return View.newBuilder()
        .setValues(values)
        .putAllFields(Reading.of(values))
        .setLanguage("java")
        .setEncoding(encoding)
        .setKey(key)
        .build();
  }

  static final class Mirror extends MirrorBase {
    @Override
    public View reflect(Context ctx, Values request) {
      return view(request, "binary", "");
    }
  }

  static final class Locker extends LockerBase {
    @Override
    public View keep(ObjectContext ctx, Values request) {
      ctx.set(KEPT, request);
      return view(request, "binary", ctx.key());
    }

    @Override
    public View look(SharedObjectContext ctx) {
      return view(ctx.get(KEPT).orElse(Values.getDefaultInstance()), "binary", ctx.key());
    }
  }

  static final class Journey extends JourneyBase {
    @Override
    public View run(WorkflowContext ctx, Values request) {
      ctx.promiseHandle(ARRIVED).resolve(request);
      return view(request, "binary", ctx.key());
    }

    @Override
    public View arrived(SharedWorkflowContext ctx) {
      return view(ctx.promise(ARRIVED).future().await(), "binary", ctx.key());
    }
  }

  static final class JsonMirror extends JsonMirrorBase {
    @Override
    public View reflect(Context ctx, Values request) {
      return view(request, "json", "");
    }
  }

  static final class JsonLocker extends JsonLockerBase {
    @Override
    public View keep(ObjectContext ctx, Values request) {
      ctx.set(KEPT, request);
      return view(request, "json", ctx.key());
    }

    @Override
    public View look(SharedObjectContext ctx) {
      return view(ctx.get(KEPT).orElse(Values.getDefaultInstance()), "json", ctx.key());
    }
  }

  static final class JsonJourney extends JsonJourneyBase {
    @Override
    public View run(WorkflowContext ctx, Values request) {
      ctx.promiseHandle(ARRIVED).resolve(request);
      return view(request, "json", ctx.key());
    }

    @Override
    public View arrived(SharedWorkflowContext ctx) {
      return view(ctx.promise(ARRIVED).future().await(), "json", ctx.key());
    }
  }
}
