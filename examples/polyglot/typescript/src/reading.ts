// View.fields: what this program sees in the values, path -> canonical text.

import { type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { type Duration, type Timestamp, ValueSchema } from "@bufbuild/protobuf/wkt";
import type { Nested, Values } from "../generated/polyglot/values/v1/values_pb.js";

type Fields = { [path: string]: string };

export function read(v: Values): Fields {
  const fields: Fields = {};
  readScalars(fields, v);
  readRepeated(fields, v);
  readMaps(fields, v);
  readChoice(fields, v);
  readOptionals(fields, v);
  readNested(fields, "nested", v.nested);
  put(fields, "timestamp", v.timestamp, instant);
  put(fields, "duration", v.duration, instant);
  put(fields, "empty", v.empty, () => "{}");
  readWrappers(fields, v);
  if (v.struct !== undefined) {
    readStruct(fields, "struct", v.struct);
  }
  if (v.value !== undefined) {
    readJson(fields, "value", toJson(ValueSchema, v.value));
  }
  if (v.list !== undefined) {
    readArray(fields, "list", v.list.values.map((value) => toJson(ValueSchema, value)));
  }
  fields["x_1"] = text(v.x1);
  fields["fieldName"] = text(v.fieldName);
  fields["URL"] = text(v.URL);
  fields["class"] = text(v.class);
  fields["from"] = text(v.from);
  fields["renamed"] = text(v.renamed);
  fields["last"] = text(v.last);
  return fields;
}

function readScalars(fields: Fields, v: Values) {
  fields["double_value"] = double(v.doubleValue);
  fields["float_value"] = float(v.floatValue);
  fields["int32_value"] = String(v.int32Value);
  fields["int64_value"] = String(v.int64Value);
  fields["uint32_value"] = String(v.uint32Value);
  fields["uint64_value"] = String(v.uint64Value);
  fields["sint32_value"] = String(v.sint32Value);
  fields["sint64_value"] = String(v.sint64Value);
  fields["fixed32_value"] = String(v.fixed32Value);
  fields["fixed64_value"] = String(v.fixed64Value);
  fields["sfixed32_value"] = String(v.sfixed32Value);
  fields["sfixed64_value"] = String(v.sfixed64Value);
  fields["bool_value"] = String(v.boolValue);
  fields["string_value"] = text(v.stringValue);
  fields["bytes_value"] = hex(v.bytesValue);
  fields["color"] = String(v.color);
}

function readRepeated(fields: Fields, v: Values) {
  readItems(fields, "numbers", v.numbers, String);
  readItems(fields, "doubles", v.doubles, double);
  readItems(fields, "words", v.words, text);
  readItems(fields, "blobs", v.blobs, hex);
  readItems(fields, "colors", v.colors, String);
  size(fields, "nested_list", v.nestedList.length);
  v.nestedList.forEach((nested, i) => readNested(fields, `nested_list.${i}`, nested));
  readItems(fields, "timestamps", v.timestamps, instant);
}

function readMaps(fields: Fields, v: Values) {
  // Keys of maps are strings in TypeScript, whatever they are in the contract.
  const byName = Object.entries(v.nestedByName);
  size(fields, "nested_by_name", byName.length);
  for (const [key, nested] of byName) {
    readNested(fields, `nested_by_name[${text(key)}]`, nested);
  }
  readEntries(fields, "text_by_number", v.textByNumber, text);
  readEntries(fields, "bytes_by_flag", v.bytesByFlag, hex);
  readEntries(fields, "color_by_id", v.colorById, String);
}

function readChoice(fields: Fields, v: Values) {
  switch (v.choice.case) {
    case "textChoice":
      fields["choice"] = "text_choice";
      fields["text_choice"] = text(v.choice.value);
      break;
    case "numberChoice":
      fields["choice"] = "number_choice";
      fields["number_choice"] = String(v.choice.value);
      break;
    case "flagChoice":
      fields["choice"] = "flag_choice";
      fields["flag_choice"] = String(v.choice.value);
      break;
    case "nestedChoice":
      fields["choice"] = "nested_choice";
      readNested(fields, "nested_choice", v.choice.value);
      break;
    case "emptyChoice":
      fields["choice"] = "empty_choice";
      fields["empty_choice"] = "{}";
      break;
  }
}

function readOptionals(fields: Fields, v: Values) {
  put(fields, "maybe_int32", v.maybeInt32, String);
  put(fields, "maybe_uint64", v.maybeUint64, String);
  put(fields, "maybe_double", v.maybeDouble, double);
  put(fields, "maybe_bool", v.maybeBool, String);
  put(fields, "maybe_string", v.maybeString, text);
  put(fields, "maybe_bytes", v.maybeBytes, hex);
  put(fields, "maybe_color", v.maybeColor, String);
}

function readWrappers(fields: Fields, v: Values) {
  put(fields, "wrapped_double.value", v.wrappedDouble, double);
  put(fields, "wrapped_float.value", v.wrappedFloat, float);
  put(fields, "wrapped_int64.value", v.wrappedInt64, String);
  put(fields, "wrapped_uint64.value", v.wrappedUint64, String);
  put(fields, "wrapped_int32.value", v.wrappedInt32, String);
  put(fields, "wrapped_uint32.value", v.wrappedUint32, String);
  put(fields, "wrapped_bool.value", v.wrappedBool, String);
  put(fields, "wrapped_string.value", v.wrappedString, text);
  put(fields, "wrapped_bytes.value", v.wrappedBytes, hex);
}

function readNested(fields: Fields, path: string, nested: Nested | undefined) {
  if (nested !== undefined) {
    fields[`${path}.name`] = text(nested.name);
    fields[`${path}.number`] = String(nested.number);
    readNested(fields, `${path}.child`, nested.child);
  }
}

// A Struct is a JSON object in TypeScript, and the rest of its family is best read as JSON.
function readStruct(fields: Fields, path: string, struct: JsonObject) {
  const entries = Object.entries(struct);
  if (entries.length === 0) {
    fields[path] = "{}";
  }
  size(fields, `${path}.fields`, entries.length);
  for (const [key, value] of entries) {
    readJson(fields, `${path}.fields[${text(key)}]`, value);
  }
}

function readJson(fields: Fields, path: string, value: JsonValue) {
  const is = (kind: string, canonical?: string) => {
    fields[`${path}.kind`] = kind;
    if (canonical !== undefined) {
      fields[`${path}.${kind}`] = canonical;
    }
    return `${path}.${kind}`;
  };
  if (value === null) {
    is("null_value", "0");
  } else if (typeof value === "number") {
    is("number_value", double(value));
  } else if (typeof value === "string") {
    is("string_value", text(value));
  } else if (typeof value === "boolean") {
    is("bool_value", String(value));
  } else if (Array.isArray(value)) {
    readArray(fields, is("list_value"), value);
  } else {
    readStruct(fields, is("struct_value"), value);
  }
}

function readArray(fields: Fields, path: string, items: JsonValue[]) {
  if (items.length === 0) {
    fields[path] = "{}";
  }
  size(fields, `${path}.values`, items.length);
  items.forEach((item, i) => readJson(fields, `${path}.values.${i}`, item));
}

function readItems<T>(fields: Fields, path: string, items: T[], canonical: (item: T) => string) {
  size(fields, path, items.length);
  items.forEach((item, i) => {
    fields[`${path}.${i}`] = canonical(item);
  });
}

function readEntries<T>(
  fields: Fields,
  path: string,
  entries: { [key: string]: T },
  canonical: (value: T) => string,
) {
  size(fields, path, Object.keys(entries).length);
  for (const [key, value] of Object.entries(entries)) {
    fields[`${path}[${key}]`] = canonical(value);
  }
}

function put<T>(
  fields: Fields,
  path: string,
  value: T | undefined,
  canonical: (value: T) => string,
) {
  if (value !== undefined) {
    fields[path] = canonical(value);
  }
}

function size(fields: Fields, path: string, size: number) {
  if (size > 0) {
    fields[`${path}.size`] = String(size);
  }
}

function instant({ seconds, nanos }: Timestamp | Duration): string {
  return `${seconds}:${nanos}`;
}

function text(value: string): string {
  return Buffer.from(value, "utf8").toString("hex");
}

function hex(value: Uint8Array): string {
  return Buffer.from(value).toString("hex");
}

function double(value: number): string {
  if (Number.isNaN(value)) {
    return "7ff8000000000000";
  }
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(value);
  return bits.toString("hex");
}

function float(value: number): string {
  if (Number.isNaN(value)) {
    return "7fc00000";
  }
  const bits = Buffer.alloc(4);
  bits.writeFloatBE(value);
  return bits.toString("hex");
}
