package main

import (
	"fmt"
	"time"

	restate "github.com/restatedev/sdk-go"
	"google.golang.org/protobuf/types/known/emptypb"

	golangv1 "polyglot/generated/polyglot/golang/v1"
	javav1 "polyglot/generated/polyglot/java/v1"
	kotlinv1 "polyglot/generated/polyglot/kotlin/v1"
	pythonv1 "polyglot/generated/polyglot/python/v1"
	typescriptv1 "polyglot/generated/polyglot/typescript/v1"
	valuesv1 "polyglot/generated/polyglot/values/v1"
)

type caller struct{}

func (caller) Call(
	ctx restate.Context, request *valuesv1.CallRequest,
) (*valuesv1.CallReport, error) {
	team, err := teamOf(ctx, request)
	if err != nil {
		return nil, restate.ToTerminalError(err, restate.WithErrorCode(400))
	}
	var handler restate.Client[*valuesv1.Values, *valuesv1.View]
	var later restate.Client[*emptypb.Empty, *valuesv1.View]
	var options []restate.RequestOption
	switch request.Kind {
	case valuesv1.Kind_KIND_OBJECT:
		handler, later = team.Keep(), team.Look()
	case valuesv1.Kind_KIND_WORKFLOW:
		handler, later = team.Run(), team.Arrived()
	default:
		handler = team.Reflect()
	}
	if request.Kind != valuesv1.Kind_KIND_WORKFLOW { // its id is one
		options = append(options, restate.WithIdempotencyKey(request.Key))
	}

	report := &valuesv1.CallReport{}
	if request.Mode == valuesv1.Mode_MODE_SEND {
		sent := handler.Send(request.Values, restate.WithDelay(10*time.Millisecond))
		result := restate.AttachInvocation[*valuesv1.View](ctx, sent.GetInvocationId(), team.codec)
		report.CalleeView, err = result.Response()
	} else {
		report.CalleeView, err = handler.Request(request.Values, options...)
	}
	if err != nil {
		return nil, err
	}
	if later != nil {
		if report.LaterView, err = later.Request(&emptypb.Empty{}); err != nil {
			return nil, err
		}
	}
	report.CallerView = view(report.CalleeView.Values, report.CalleeView.Encoding, request.Key)
	return report, nil
}

// What the generated clients of all teams have in common, binary or JSON.
type (
	mirrorClient interface {
		Reflect(...restate.ClientOption) restate.Client[*valuesv1.Values, *valuesv1.View]
	}
	lockerClient interface {
		Keep(...restate.ClientOption) restate.Client[*valuesv1.Values, *valuesv1.View]
		Look(...restate.ClientOption) restate.Client[*emptypb.Empty, *valuesv1.View]
	}
	journeyClient interface {
		Run(...restate.ClientOption) restate.Client[*valuesv1.Values, *valuesv1.View]
		Arrived(...restate.ClientOption) restate.Client[*emptypb.Empty, *valuesv1.View]
	}
	team struct {
		mirrorClient
		lockerClient
		journeyClient
		codec restate.AttachOption
	}
)

// teamOf gives the clients of a team's services, in the encoding that is asked for: generated
// clients write ProtoJSON, and binary where they are told so.
func teamOf(ctx restate.Context, request *valuesv1.CallRequest) (team, error) {
	const binary, json = valuesv1.Encoding_ENCODING_BINARY, valuesv1.Encoding_ENCODING_JSON
	type choice struct {
		callee   valuesv1.Language
		encoding valuesv1.Encoding
	}
	key, proto, protoJSON := request.Key, restate.WithProto, restate.WithProtoJSON
	switch (choice{request.Callee, request.Encoding}) {
	case choice{valuesv1.Language_LANGUAGE_PYTHON, binary}:
		return team{
			pythonv1.NewMirrorClient(ctx, proto),
			pythonv1.NewLockerClient(ctx, key, proto),
			pythonv1.NewJourneyClient(ctx, key, proto),
			proto,
		}, nil
	case choice{valuesv1.Language_LANGUAGE_PYTHON, json}:
		return team{
			pythonv1.NewJsonMirrorClient(ctx),
			pythonv1.NewJsonLockerClient(ctx, key),
			pythonv1.NewJsonJourneyClient(ctx, key),
			protoJSON,
		}, nil
	case choice{valuesv1.Language_LANGUAGE_JAVA, binary}:
		return team{
			javav1.NewMirrorClient(ctx, proto),
			javav1.NewLockerClient(ctx, key, proto),
			javav1.NewJourneyClient(ctx, key, proto),
			proto,
		}, nil
	case choice{valuesv1.Language_LANGUAGE_JAVA, json}:
		return team{
			javav1.NewJsonMirrorClient(ctx),
			javav1.NewJsonLockerClient(ctx, key),
			javav1.NewJsonJourneyClient(ctx, key),
			protoJSON,
		}, nil
	case choice{valuesv1.Language_LANGUAGE_KOTLIN, binary}:
		return team{
			kotlinv1.NewMirrorClient(ctx, proto),
			kotlinv1.NewLockerClient(ctx, key, proto),
			kotlinv1.NewJourneyClient(ctx, key, proto),
			proto,
		}, nil
	case choice{valuesv1.Language_LANGUAGE_KOTLIN, json}:
		return team{
			kotlinv1.NewJsonMirrorClient(ctx),
			kotlinv1.NewJsonLockerClient(ctx, key),
			kotlinv1.NewJsonJourneyClient(ctx, key),
			protoJSON,
		}, nil
	case choice{valuesv1.Language_LANGUAGE_GO, binary}:
		return team{
			golangv1.NewMirrorClient(ctx, proto),
			golangv1.NewLockerClient(ctx, key, proto),
			golangv1.NewJourneyClient(ctx, key, proto),
			proto,
		}, nil
	case choice{valuesv1.Language_LANGUAGE_GO, json}:
		return team{
			golangv1.NewJsonMirrorClient(ctx),
			golangv1.NewJsonLockerClient(ctx, key),
			golangv1.NewJsonJourneyClient(ctx, key),
			protoJSON,
		}, nil
	case choice{valuesv1.Language_LANGUAGE_TYPESCRIPT, binary}:
		return team{
			typescriptv1.NewMirrorClient(ctx, proto),
			typescriptv1.NewLockerClient(ctx, key, proto),
			typescriptv1.NewJourneyClient(ctx, key, proto),
			proto,
		}, nil
	case choice{valuesv1.Language_LANGUAGE_TYPESCRIPT, json}:
		return team{
			typescriptv1.NewJsonMirrorClient(ctx),
			typescriptv1.NewJsonLockerClient(ctx, key),
			typescriptv1.NewJsonJourneyClient(ctx, key),
			protoJSON,
		}, nil
	}
	return team{}, fmt.Errorf("no such team: %v in %v", request.Callee, request.Encoding)
}
