package polyglot;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Timestamp;
import com.google.protobuf.Value;
import com.polyglot.values.v1.Nested;
import com.polyglot.values.v1.Values;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** View.fields: what this program sees in the values, path -> canonical text. */
final class Reading {
  private final Map<String, String> fields = new LinkedHashMap<>();

  /** What is in the values, as View.fields describes it. */
  static Map<String, String> of(Values values) {
    Reading reading = new Reading();
    reading.scalars(values);
    reading.repeated(values);
    reading.maps(values);
    reading.choice(values);
    reading.optionals(values);
    reading.messages(values);
    reading.wrappers(values);
    reading.oddNames(values);
    return reading.fields;
  }

  private void scalars(Values v) {
    fields.put("double_value", text(v.getDoubleValue()));
    fields.put("float_value", text(v.getFloatValue()));
    fields.put("int32_value", Integer.toString(v.getInt32Value()));
    fields.put("int64_value", Long.toString(v.getInt64Value()));
    fields.put("uint32_value", Integer.toUnsignedString(v.getUint32Value()));
    fields.put("uint64_value", Long.toUnsignedString(v.getUint64Value()));
    fields.put("sint32_value", Integer.toString(v.getSint32Value()));
    fields.put("sint64_value", Long.toString(v.getSint64Value()));
    fields.put("fixed32_value", Integer.toUnsignedString(v.getFixed32Value()));
    fields.put("fixed64_value", Long.toUnsignedString(v.getFixed64Value()));
    fields.put("sfixed32_value", Integer.toString(v.getSfixed32Value()));
    fields.put("sfixed64_value", Long.toString(v.getSfixed64Value()));
    fields.put("bool_value", Boolean.toString(v.getBoolValue()));
    fields.put("string_value", text(v.getStringValue()));
    fields.put("bytes_value", text(v.getBytesValue()));
    fields.put("color", Integer.toString(v.getColorValue()));
  }

  private void repeated(Values v) {
    items("numbers", v.getNumbersList(), number -> Long.toString(number));
    items("doubles", v.getDoublesList(), Reading::text);
    items("words", v.getWordsList(), Reading::text);
    items("blobs", v.getBlobsList(), Reading::text);
    items("colors", v.getColorsValueList(), color -> Integer.toString(color));
    size("nested_list", v.getNestedListCount());
    for (int i = 0; i < v.getNestedListCount(); i++) {
      nested("nested_list." + i, v.getNestedList(i));
    }
    items("timestamps", v.getTimestampsList(), Reading::text);
  }

  private void maps(Values v) {
    size("nested_by_name", v.getNestedByNameCount());
    v.getNestedByNameMap()
        .forEach((name, nested) -> nested("nested_by_name[" + text(name) + "]", nested));
    entries("text_by_number", v.getTextByNumberMap(), key -> Long.toString(key), Reading::text);
    entries("bytes_by_flag", v.getBytesByFlagMap(), key -> Boolean.toString(key), Reading::text);
    entries(
        "color_by_id",
        v.getColorByIdValueMap(),
        key -> Long.toUnsignedString(key),
        color -> Integer.toString(color));
  }

  private void choice(Values v) {
    switch (v.getChoiceCase()) {
      case TEXT_CHOICE -> fields.put("text_choice", text(v.getTextChoice()));
      case NUMBER_CHOICE -> fields.put("number_choice", Long.toString(v.getNumberChoice()));
      case FLAG_CHOICE -> fields.put("flag_choice", Boolean.toString(v.getFlagChoice()));
      case NESTED_CHOICE -> nested("nested_choice", v.getNestedChoice());
      case EMPTY_CHOICE -> fields.put("empty_choice", "{}");
      case CHOICE_NOT_SET -> {
        return;
      }
    }
    fields.put("choice", v.getChoiceCase().name().toLowerCase());
  }

  private void optionals(Values v) {
    if (v.hasMaybeInt32()) {
      fields.put("maybe_int32", Integer.toString(v.getMaybeInt32()));
    }
    if (v.hasMaybeUint64()) {
      fields.put("maybe_uint64", Long.toUnsignedString(v.getMaybeUint64()));
    }
    if (v.hasMaybeDouble()) {
      fields.put("maybe_double", text(v.getMaybeDouble()));
    }
    if (v.hasMaybeBool()) {
      fields.put("maybe_bool", Boolean.toString(v.getMaybeBool()));
    }
    if (v.hasMaybeString()) {
      fields.put("maybe_string", text(v.getMaybeString()));
    }
    if (v.hasMaybeBytes()) {
      fields.put("maybe_bytes", text(v.getMaybeBytes()));
    }
    if (v.hasMaybeColor()) {
      fields.put("maybe_color", Integer.toString(v.getMaybeColorValue()));
    }
  }

  private void messages(Values v) {
    if (v.hasNested()) {
      nested("nested", v.getNested());
    }
    if (v.hasTimestamp()) {
      fields.put("timestamp", text(v.getTimestamp()));
    }
    if (v.hasDuration()) {
      fields.put("duration", text(v.getDuration()));
    }
    if (v.hasEmpty()) {
      fields.put("empty", "{}");
    }
    if (v.hasStruct()) {
      struct("struct", v.getStruct());
    }
    if (v.hasValue()) {
      value("value", v.getValue());
    }
    if (v.hasList()) {
      list("list", v.getList());
    }
  }

  private void wrappers(Values v) {
    if (v.hasWrappedDouble()) {
      fields.put("wrapped_double.value", text(v.getWrappedDouble().getValue()));
    }
    if (v.hasWrappedFloat()) {
      fields.put("wrapped_float.value", text(v.getWrappedFloat().getValue()));
    }
    if (v.hasWrappedInt64()) {
      fields.put("wrapped_int64.value", Long.toString(v.getWrappedInt64().getValue()));
    }
    if (v.hasWrappedUint64()) {
      fields.put("wrapped_uint64.value", Long.toUnsignedString(v.getWrappedUint64().getValue()));
    }
    if (v.hasWrappedInt32()) {
      fields.put("wrapped_int32.value", Integer.toString(v.getWrappedInt32().getValue()));
    }
    if (v.hasWrappedUint32()) {
      fields.put("wrapped_uint32.value", Integer.toUnsignedString(v.getWrappedUint32().getValue()));
    }
    if (v.hasWrappedBool()) {
      fields.put("wrapped_bool.value", Boolean.toString(v.getWrappedBool().getValue()));
    }
    if (v.hasWrappedString()) {
      fields.put("wrapped_string.value", text(v.getWrappedString().getValue()));
    }
    if (v.hasWrappedBytes()) {
      fields.put("wrapped_bytes.value", text(v.getWrappedBytes().getValue()));
    }
  }

  private void oddNames(Values v) {
    fields.put("x_1", text(v.getX1()));
    fields.put("fieldName", text(v.getFieldName()));
    fields.put("URL", text(v.getURL()));
    fields.put("class", text(v.getClass_()));
    fields.put("from", text(v.getFrom()));
    fields.put("renamed", text(v.getRenamed()));
    fields.put("last", text(v.getLast()));
  }

  private void nested(String path, Nested nested) {
    fields.put(path + ".name", text(nested.getName()));
    fields.put(path + ".number", Long.toString(nested.getNumber()));
    if (nested.hasChild()) {
      nested(path + ".child", nested.getChild());
    }
  }

  private void struct(String path, Struct struct) {
    if (struct.getFieldsCount() == 0) {
      fields.put(path, "{}");
    }
    size(path + ".fields", struct.getFieldsCount());
    struct
        .getFieldsMap()
        .forEach((name, value) -> value(path + ".fields[" + text(name) + "]", value));
  }

  private void list(String path, ListValue list) {
    if (list.getValuesCount() == 0) {
      fields.put(path, "{}");
    }
    size(path + ".values", list.getValuesCount());
    for (int i = 0; i < list.getValuesCount(); i++) {
      value(path + ".values." + i, list.getValues(i));
    }
  }

  private void value(String path, Value value) {
    if (value.getKindCase() == Value.KindCase.KIND_NOT_SET) {
      fields.put(path, "{}");
      return;
    }
    String kind = value.getKindCase().name().toLowerCase();
    fields.put(path + ".kind", kind);
    String inner = path + "." + kind;
    switch (value.getKindCase()) {
      case NULL_VALUE -> fields.put(inner, Integer.toString(value.getNullValueValue()));
      case NUMBER_VALUE -> fields.put(inner, text(value.getNumberValue()));
      case STRING_VALUE -> fields.put(inner, text(value.getStringValue()));
      case BOOL_VALUE -> fields.put(inner, Boolean.toString(value.getBoolValue()));
      case STRUCT_VALUE -> struct(inner, value.getStructValue());
      case LIST_VALUE -> list(inner, value.getListValue());
      case KIND_NOT_SET -> throw new AssertionError();
    }
  }

  private <T> void items(String path, List<T> items, Function<T, String> text) {
    size(path, items.size());
    for (int i = 0; i < items.size(); i++) {
      fields.put(path + "." + i, text.apply(items.get(i)));
    }
  }

  private <K, V> void entries(
      String path, Map<K, V> map, Function<K, String> keyText, Function<V, String> text) {
    size(path, map.size());
    map.forEach(
        (key, value) -> fields.put(path + "[" + keyText.apply(key) + "]", text.apply(value)));
  }

  private void size(String path, int size) {
    if (size > 0) {
      fields.put(path + ".size", Integer.toString(size));
    }
  }

  private static String text(String value) {
    return HexFormat.of().formatHex(value.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(ByteString value) {
    return HexFormat.of().formatHex(value.toByteArray());
  }

  private static String text(double value) {
    return HexFormat.of().toHexDigits(Double.doubleToLongBits(value));
  }

  private static String text(float value) {
    return HexFormat.of().toHexDigits(Float.floatToIntBits(value));
  }

  private static String text(Timestamp value) {
    return value.getSeconds() + ":" + value.getNanos();
  }

  private static String text(Duration value) {
    return value.getSeconds() + ":" + value.getNanos();
  }
}
