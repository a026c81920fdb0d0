package polyglot

import com.google.protobuf.ByteString
import com.google.protobuf.Duration
import com.google.protobuf.ListValue
import com.google.protobuf.Struct
import com.google.protobuf.Timestamp
import com.google.protobuf.Value
import com.polyglot.values.v1.Nested
import com.polyglot.values.v1.Values

/** View.fields: what this program sees in the values, path -> canonical text. */
fun read(values: Values): Map<String, String> = Reading().apply { read(values) }.fields

private class Reading {
    val fields = mutableMapOf<String, String>()

    fun read(v: Values) {
        scalars(v)
        repeated(v)
        maps(v)
        choice(v)
        optionals(v)
        messages(v)
        wrappers(v)
        oddNames(v)
    }

    private fun scalars(v: Values) {
        fields["double_value"] = text(v.doubleValue)
        fields["float_value"] = text(v.floatValue)
        fields["int32_value"] = "${v.int32Value}"
        fields["int64_value"] = "${v.int64Value}"
        fields["uint32_value"] = "${v.uint32Value.toUInt()}"
        fields["uint64_value"] = "${v.uint64Value.toULong()}"
        fields["sint32_value"] = "${v.sint32Value}"
        fields["sint64_value"] = "${v.sint64Value}"
        fields["fixed32_value"] = "${v.fixed32Value.toUInt()}"
        fields["fixed64_value"] = "${v.fixed64Value.toULong()}"
        fields["sfixed32_value"] = "${v.sfixed32Value}"
        fields["sfixed64_value"] = "${v.sfixed64Value}"
        fields["bool_value"] = "${v.boolValue}"
        fields["string_value"] = text(v.stringValue)
        fields["bytes_value"] = text(v.bytesValue)
        fields["color"] = "${v.colorValue}"
    }

    private fun repeated(v: Values) {
        items("numbers", v.numbersList.map { "$it" })
        items("doubles", v.doublesList.map(::text))
        items("words", v.wordsList.map(::text))
        items("blobs", v.blobsList.map(::text))
        items("colors", v.colorsValueList.map { "$it" })
        size("nested_list", v.nestedListCount)
        v.nestedListList.forEachIndexed { i, nested -> nested("nested_list.$i", nested) }
        items("timestamps", v.timestampsList.map(::text))
    }

    private fun maps(v: Values) {
        size("nested_by_name", v.nestedByNameCount)
        v.nestedByNameMap.forEach { (name, nested) ->
            nested("nested_by_name[${text(name)}]", nested)
        }
        entries("text_by_number", v.textByNumberMap.map { (key, value) -> "$key" to text(value) })
        entries("bytes_by_flag", v.bytesByFlagMap.map { (key, value) -> "$key" to text(value) })
        val colors = v.colorByIdValueMap
        entries("color_by_id", colors.map { (key, value) -> "${key.toULong()}" to "$value" })
    }

    private fun choice(v: Values) {
        when (v.choiceCase!!) {
            Values.ChoiceCase.TEXT_CHOICE -> fields["text_choice"] = text(v.textChoice)
            Values.ChoiceCase.NUMBER_CHOICE -> fields["number_choice"] = "${v.numberChoice}"
            Values.ChoiceCase.FLAG_CHOICE -> fields["flag_choice"] = "${v.flagChoice}"
            Values.ChoiceCase.NESTED_CHOICE -> nested("nested_choice", v.nestedChoice)
            Values.ChoiceCase.EMPTY_CHOICE -> fields["empty_choice"] = "{}"
            Values.ChoiceCase.CHOICE_NOT_SET -> return
        }
        fields["choice"] = v.choiceCase.name.lowercase()
    }

    private fun optionals(v: Values) {
        if (v.hasMaybeInt32()) fields["maybe_int32"] = "${v.maybeInt32}"
        if (v.hasMaybeUint64()) fields["maybe_uint64"] = "${v.maybeUint64.toULong()}"
        if (v.hasMaybeDouble()) fields["maybe_double"] = text(v.maybeDouble)
        if (v.hasMaybeBool()) fields["maybe_bool"] = "${v.maybeBool}"
        if (v.hasMaybeString()) fields["maybe_string"] = text(v.maybeString)
        if (v.hasMaybeBytes()) fields["maybe_bytes"] = text(v.maybeBytes)
        if (v.hasMaybeColor()) fields["maybe_color"] = "${v.maybeColorValue}"
    }

    private fun messages(v: Values) {
        if (v.hasNested()) nested("nested", v.nested)
        if (v.hasTimestamp()) fields["timestamp"] = text(v.timestamp)
        if (v.hasDuration()) fields["duration"] = text(v.duration)
        if (v.hasEmpty()) fields["empty"] = "{}"
        if (v.hasStruct()) struct("struct", v.struct)
        if (v.hasValue()) value("value", v.value)
        if (v.hasList()) list("list", v.list)
    }

    private fun wrappers(v: Values) {
        if (v.hasWrappedDouble()) fields["wrapped_double.value"] = text(v.wrappedDouble.value)
        if (v.hasWrappedFloat()) fields["wrapped_float.value"] = text(v.wrappedFloat.value)
        if (v.hasWrappedInt64()) fields["wrapped_int64.value"] = "${v.wrappedInt64.value}"
        if (v.hasWrappedUint64()) {
            fields["wrapped_uint64.value"] = "${v.wrappedUint64.value.toULong()}"
        }
        if (v.hasWrappedInt32()) fields["wrapped_int32.value"] = "${v.wrappedInt32.value}"
        if (v.hasWrappedUint32()) {
            fields["wrapped_uint32.value"] = "${v.wrappedUint32.value.toUInt()}"
        }
        if (v.hasWrappedBool()) fields["wrapped_bool.value"] = "${v.wrappedBool.value}"
        if (v.hasWrappedString()) fields["wrapped_string.value"] = text(v.wrappedString.value)
        if (v.hasWrappedBytes()) fields["wrapped_bytes.value"] = text(v.wrappedBytes.value)
    }

    private fun oddNames(v: Values) {
        fields["x_1"] = text(v.x1)
        fields["fieldName"] = text(v.fieldName)
        fields["URL"] = text(v.url)
        fields["class"] = text(v.class_)
        fields["from"] = text(v.from)
        fields["renamed"] = text(v.renamed)
        fields["last"] = text(v.last)
    }

    private fun nested(path: String, nested: Nested) {
        fields["$path.name"] = text(nested.name)
        fields["$path.number"] = "${nested.number}"
        if (nested.hasChild()) nested("$path.child", nested.child)
    }

    private fun struct(path: String, struct: Struct) {
        if (struct.fieldsCount == 0) fields[path] = "{}"
        size("$path.fields", struct.fieldsCount)
        struct.fieldsMap.forEach { (name, value) -> value("$path.fields[${text(name)}]", value) }
    }

    private fun list(path: String, list: ListValue) {
        if (list.valuesCount == 0) fields[path] = "{}"
        size("$path.values", list.valuesCount)
        list.valuesList.forEachIndexed { i, value -> value("$path.values.$i", value) }
    }

    private fun value(path: String, value: Value) {
        val kind = value.kindCase.name.lowercase()
        when (value.kindCase!!) {
            Value.KindCase.NULL_VALUE -> fields["$path.$kind"] = "${value.nullValueValue}"
            Value.KindCase.NUMBER_VALUE -> fields["$path.$kind"] = text(value.numberValue)
            Value.KindCase.STRING_VALUE -> fields["$path.$kind"] = text(value.stringValue)
            Value.KindCase.BOOL_VALUE -> fields["$path.$kind"] = "${value.boolValue}"
            Value.KindCase.STRUCT_VALUE -> struct("$path.$kind", value.structValue)
            Value.KindCase.LIST_VALUE -> list("$path.$kind", value.listValue)
            Value.KindCase.KIND_NOT_SET -> {
                fields[path] = "{}"
                return
            }
        }
        fields["$path.kind"] = kind
    }

    private fun items(path: String, texts: List<String>) {
        size(path, texts.size)
        texts.forEachIndexed { i, text -> fields["$path.$i"] = text }
    }

    private fun entries(path: String, texts: List<Pair<String, String>>) {
        size(path, texts.size)
        texts.forEach { (key, text) -> fields["$path[$key]"] = text }
    }

    private fun size(path: String, size: Int) {
        if (size > 0) fields["$path.size"] = "$size"
    }
}

private fun text(value: String): String = text(ByteString.copyFromUtf8(value))

private fun text(value: ByteString): String = value.toByteArray().toHexString()

// doubleToLongBits has one NaN.
private fun text(value: Double): String = value.toBits().toHexString()

private fun text(value: Float): String = value.toBits().toHexString()

private fun text(time: Timestamp): String = "${time.seconds}:${time.nanos}"

private fun text(duration: Duration): String = "${duration.seconds}:${duration.nanos}"
