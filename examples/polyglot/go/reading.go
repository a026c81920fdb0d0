package main

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	valuesv1 "polyglot/generated/polyglot/values/v1"
)

// reading is View.fields: path -> canonical text.
type reading map[string]string

// read says what this program sees in the values, as View.fields describes it.
func read(v *valuesv1.Values) reading {
	r := reading{}
	r.scalars(v)
	r.repeated(v)
	r.maps(v)
	r.choice(v)
	r.optionals(v)
	r.nested("nested", v.Nested)
	r.timestamp("timestamp", v.Timestamp)
	r.duration("duration", v.Duration)
	if v.Empty != nil {
		r["empty"] = "{}"
	}
	r.wrappers(v)
	if v.Struct != nil {
		r.structure("struct", v.Struct)
	}
	if v.Value != nil {
		r.value("value", v.Value)
	}
	if v.List != nil {
		r.list("list", v.List)
	}
	r["x_1"] = text(v.X_1)
	r["fieldName"] = text(v.FieldName)
	r["URL"] = text(v.URL)
	r["class"] = text(v.Class)
	r["from"] = text(v.From)
	r["renamed"] = text(v.Renamed)
	r["last"] = text(v.Last)
	return r
}

func (r reading) scalars(v *valuesv1.Values) {
	r["double_value"] = double(v.DoubleValue)
	r["float_value"] = float(v.FloatValue)
	r["int32_value"] = integer(v.Int32Value)
	r["int64_value"] = integer(v.Int64Value)
	r["uint32_value"] = unsigned(v.Uint32Value)
	r["uint64_value"] = unsigned(v.Uint64Value)
	r["sint32_value"] = integer(v.Sint32Value)
	r["sint64_value"] = integer(v.Sint64Value)
	r["fixed32_value"] = unsigned(v.Fixed32Value)
	r["fixed64_value"] = unsigned(v.Fixed64Value)
	r["sfixed32_value"] = integer(v.Sfixed32Value)
	r["sfixed64_value"] = integer(v.Sfixed64Value)
	r["bool_value"] = strconv.FormatBool(v.BoolValue)
	r["string_value"] = text(v.StringValue)
	r["bytes_value"] = hex.EncodeToString(v.BytesValue)
	r["color"] = integer(v.Color)
}

func (r reading) repeated(v *valuesv1.Values) {
	r.size("numbers", len(v.Numbers))
	for i, number := range v.Numbers {
		r[at("numbers", i)] = integer(number)
	}
	r.size("doubles", len(v.Doubles))
	for i, value := range v.Doubles {
		r[at("doubles", i)] = double(value)
	}
	r.size("words", len(v.Words))
	for i, word := range v.Words {
		r[at("words", i)] = text(word)
	}
	r.size("blobs", len(v.Blobs))
	for i, blob := range v.Blobs {
		r[at("blobs", i)] = hex.EncodeToString(blob)
	}
	r.size("colors", len(v.Colors))
	for i, color := range v.Colors {
		r[at("colors", i)] = integer(color)
	}
	r.size("nested_list", len(v.NestedList))
	for i, nested := range v.NestedList {
		r.nested(at("nested_list", i), nested)
	}
	r.size("timestamps", len(v.Timestamps))
	for i, timestamp := range v.Timestamps {
		r.timestamp(at("timestamps", i), timestamp)
	}
}

func (r reading) maps(v *valuesv1.Values) {
	r.size("nested_by_name", len(v.NestedByName))
	for key, nested := range v.NestedByName {
		r.nested("nested_by_name["+text(key)+"]", nested)
	}
	r.size("text_by_number", len(v.TextByNumber))
	for key, value := range v.TextByNumber {
		r["text_by_number["+integer(key)+"]"] = text(value)
	}
	r.size("bytes_by_flag", len(v.BytesByFlag))
	for key, value := range v.BytesByFlag {
		r["bytes_by_flag["+strconv.FormatBool(key)+"]"] = hex.EncodeToString(value)
	}
	r.size("color_by_id", len(v.ColorById))
	for key, color := range v.ColorById {
		r["color_by_id["+unsigned(key)+"]"] = integer(color)
	}
}

func (r reading) choice(v *valuesv1.Values) {
	switch choice := v.Choice.(type) {
	case *valuesv1.Values_TextChoice:
		r["choice"], r["text_choice"] = "text_choice", text(choice.TextChoice)
	case *valuesv1.Values_NumberChoice:
		r["choice"], r["number_choice"] = "number_choice", integer(choice.NumberChoice)
	case *valuesv1.Values_FlagChoice:
		r["choice"], r["flag_choice"] = "flag_choice", strconv.FormatBool(choice.FlagChoice)
	case *valuesv1.Values_NestedChoice:
		r["choice"] = "nested_choice"
		r.nested("nested_choice", choice.NestedChoice)
	case *valuesv1.Values_EmptyChoice:
		r["choice"], r["empty_choice"] = "empty_choice", "{}"
	}
}

func (r reading) optionals(v *valuesv1.Values) {
	if v.MaybeInt32 != nil {
		r["maybe_int32"] = integer(*v.MaybeInt32)
	}
	if v.MaybeUint64 != nil {
		r["maybe_uint64"] = unsigned(*v.MaybeUint64)
	}
	if v.MaybeDouble != nil {
		r["maybe_double"] = double(*v.MaybeDouble)
	}
	if v.MaybeBool != nil {
		r["maybe_bool"] = strconv.FormatBool(*v.MaybeBool)
	}
	if v.MaybeString != nil {
		r["maybe_string"] = text(*v.MaybeString)
	}
	if v.MaybeBytes != nil {
		r["maybe_bytes"] = hex.EncodeToString(v.MaybeBytes)
	}
	if v.MaybeColor != nil {
		r["maybe_color"] = integer(*v.MaybeColor)
	}
}

func (r reading) wrappers(v *valuesv1.Values) {
	if v.WrappedDouble != nil {
		r["wrapped_double.value"] = double(v.WrappedDouble.Value)
	}
	if v.WrappedFloat != nil {
		r["wrapped_float.value"] = float(v.WrappedFloat.Value)
	}
	if v.WrappedInt64 != nil {
		r["wrapped_int64.value"] = integer(v.WrappedInt64.Value)
	}
	if v.WrappedUint64 != nil {
		r["wrapped_uint64.value"] = unsigned(v.WrappedUint64.Value)
	}
	if v.WrappedInt32 != nil {
		r["wrapped_int32.value"] = integer(v.WrappedInt32.Value)
	}
	if v.WrappedUint32 != nil {
		r["wrapped_uint32.value"] = unsigned(v.WrappedUint32.Value)
	}
	if v.WrappedBool != nil {
		r["wrapped_bool.value"] = strconv.FormatBool(v.WrappedBool.Value)
	}
	if v.WrappedString != nil {
		r["wrapped_string.value"] = text(v.WrappedString.Value)
	}
	if v.WrappedBytes != nil {
		r["wrapped_bytes.value"] = hex.EncodeToString(v.WrappedBytes.Value)
	}
}

func (r reading) nested(path string, nested *valuesv1.Nested) {
	if nested == nil {
		return
	}
	r[path+".name"] = text(nested.Name)
	r[path+".number"] = integer(nested.Number)
	r.nested(path+".child", nested.Child)
}

func (r reading) timestamp(path string, timestamp *timestamppb.Timestamp) {
	if timestamp != nil {
		r[path] = fmt.Sprintf("%d:%d", timestamp.Seconds, timestamp.Nanos)
	}
}

func (r reading) duration(path string, duration *durationpb.Duration) {
	if duration != nil {
		r[path] = fmt.Sprintf("%d:%d", duration.Seconds, duration.Nanos)
	}
}

func (r reading) structure(path string, structure *structpb.Struct) {
	if len(structure.Fields) == 0 {
		r[path] = "{}"
	}
	r.size(path+".fields", len(structure.Fields))
	for key, value := range structure.Fields {
		r.value(path+".fields["+text(key)+"]", value)
	}
}

func (r reading) list(path string, list *structpb.ListValue) {
	if len(list.Values) == 0 {
		r[path] = "{}"
	}
	r.size(path+".values", len(list.Values))
	for i, value := range list.Values {
		r.value(at(path+".values", i), value)
	}
}

func (r reading) value(path string, value *structpb.Value) {
	switch kind := value.Kind.(type) {
	case *structpb.Value_NullValue:
		r[path+".kind"], r[path+".null_value"] = "null_value", integer(kind.NullValue)
	case *structpb.Value_NumberValue:
		r[path+".kind"], r[path+".number_value"] = "number_value", double(kind.NumberValue)
	case *structpb.Value_StringValue:
		r[path+".kind"], r[path+".string_value"] = "string_value", text(kind.StringValue)
	case *structpb.Value_BoolValue:
		r[path+".kind"], r[path+".bool_value"] = "bool_value", strconv.FormatBool(kind.BoolValue)
	case *structpb.Value_StructValue:
		r[path+".kind"] = "struct_value"
		r.structure(path+".struct_value", kind.StructValue)
	case *structpb.Value_ListValue:
		r[path+".kind"] = "list_value"
		r.list(path+".list_value", kind.ListValue)
	default:
		r[path] = "{}"
	}
}

func (r reading) size(path string, size int) {
	if size > 0 {
		r[path+".size"] = strconv.Itoa(size)
	}
}

func at(path string, index int) string {
	return path + "." + strconv.Itoa(index)
}

func integer[T ~int32 | ~int64](value T) string {
	return strconv.FormatInt(int64(value), 10)
}

func unsigned[T ~uint32 | ~uint64](value T) string {
	return strconv.FormatUint(uint64(value), 10)
}

func text(value string) string {
	return hex.EncodeToString([]byte(value))
}

func double(value float64) string {
	if math.IsNaN(value) {
		return "7ff8000000000000"
	}
	return fmt.Sprintf("%016x", math.Float64bits(value))
}

func float(value float32) string {
	if value != value { // NaN
		return "7fc00000"
	}
	return fmt.Sprintf("%08x", math.Float32bits(value))
}
