package PACKAGE;

import build.buf.protovalidate.ValidationResult;
import build.buf.protovalidate.Validator;
import build.buf.protovalidate.ValidatorFactory;
import build.buf.protovalidate.exceptions.ValidationException;
import build.buf.validate.FieldPathElement;
import build.buf.validate.Violation;
import build.buf.validate.Violations;
import com.google.protobuf.Message;
import dev.restate.sdk.common.TerminalException;
// Those of java.lang too: a message of the package may have such a name.
import java.lang.IllegalStateException;
import java.lang.Long;
import java.lang.Math;
import java.lang.String;
import java.lang.StringBuilder;
import java.lang.SuppressWarnings;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullMarked;

/** Validates requests by the rules of buf.validate in their contract. */
@NullMarked
final class RestateValidation {
  private static final Validator VALIDATOR = ValidatorFactory.newBuilder().build();

  // A failure travels with the journal and the answer: what is said in it stays bounded.
  private static final int MOST_VIOLATIONS = 100;
  private static final int MOST_SHOWN = 20;

  private RestateValidation() {}

  /**
   * Refuses a request that breaks a rule.
   *
   * @throws TerminalException it does: code 400, with the violations as its detail
   * @throws IllegalStateException a rule is wrong, or cannot be evaluated for it: this is retried
   */
  static void check(String handler, Message request) {
    ValidationResult result;
    try {
      result = VALIDATOR.validate(request);
    } catch (ValidationException e) {
      throw new IllegalStateException(
          handler + ": a rule of buf.validate has to be corrected: " + e.getMessage(), e);
    }
    if (!result.isSuccess()) {
      List<Violation> found = result.toProto().getViolationsList();
      throw new InvalidRequest(handler + ": invalid request: " + text(found), found);
    }
  }

  private static String text(List<Violation> found) {
    int more = found.size() - MOST_SHOWN;
    return found.stream()
            .limit(MOST_SHOWN)
            .map(RestateValidation::text)
            .collect(Collectors.joining("; "))
        + (more > 0 ? "; and " + more + " more" : "");
  }

  private static String text(Violation violation) {
    String path = path(violation.getField().getElementsList());
    String where = violation.getForKey() ? "the key " + path : path;
    String what =
        violation.getMessage().isEmpty()
            ? "breaks the rule " + violation.getRuleId()
            : violation.getMessage();
    return where.isEmpty() ? what : where + ": " + what;
  }

  /** Returns a path as protovalidate writes it: {@code items[2].labels["a"].name}. */
  private static String path(List<FieldPathElement> elements) {
    StringBuilder text = new StringBuilder();
    for (FieldPathElement each : elements) {
      text.append(text.length() == 0 ? "" : ".").append(each.getFieldName());
      switch (each.getSubscriptCase()) {
        case INDEX -> text.append("[").append(each.getIndex()).append("]");
        case BOOL_KEY -> text.append("[").append(each.getBoolKey()).append("]");
        case INT_KEY -> text.append("[").append(each.getIntKey()).append("]");
        case UINT_KEY ->
            text.append("[").append(Long.toUnsignedString(each.getUintKey())).append("]");
        case STRING_KEY -> {
          String key = each.getStringKey().replace("\\", "\\\\").replace("\"", "\\\"");
          text.append("[\"").append(key).append("\"]");
        }
        default -> {}
      }
    }
    return text.toString();
  }

  @SuppressWarnings("serial")
  private static final class InvalidRequest extends TerminalException {
    private final Violations violations;

    InvalidRequest(String message, List<Violation> found) {
      super(BAD_REQUEST_CODE, message);
      List<Violation> first = found.subList(0, Math.min(found.size(), MOST_VIOLATIONS));
      violations = Violations.newBuilder().addAllViolations(first).build();
    }

    /** Returns the detail as it travels. The SDK sends it from version 2.7 on. */
    public Map<String, String> getMetadata() {
      return RestateHandler.metadata(violations);
    }
  }
}
