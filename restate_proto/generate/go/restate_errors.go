package PACKAGE

import (
	"encoding/base64"
	"errors"

	restate "github.com/restatedev/sdk-go"
	"google.golang.org/protobuf/proto"
)

// restateFailure returns an error that has a message as its detail.
func restateFailure(detail proto.Message, message string, code restate.Code) restate.TerminalError {
	data, err := restateBinary.Marshal(detail)
	if err != nil {
		panic(err) // a required field is not set
	}
	encoded := base64.StdEncoding.EncodeToString(data)
	metadata := restate.WithMetadata(restateDetailKey(detail), encoded)
	return restate.ToTerminalError(errors.New(message), restate.WithErrorCode(code), metadata)
}

// restateDetail reads the detail of what a call has failed with; nil where it has none of the type.
func restateDetail(err error, detail proto.Message) restate.TerminalError {
	failure := restate.AsTerminalError(err)
	if failure == nil {
		return nil
	}
	encoded, ok := failure.Metadata().ToMap()[restateDetailKey(detail)]
	if !ok {
		return nil
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || proto.Unmarshal(data, detail) != nil {
		return nil
	}
	return failure
}

func restateDetailKey(detail proto.Message) string {
	return "restatepb.detail/" + string(detail.ProtoReflect().Descriptor().FullName())
}
