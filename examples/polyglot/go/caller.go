package main

import (
	"time"

	restate "github.com/restatedev/sdk-go"
	"google.golang.org/protobuf/types/known/emptypb"

	golangv1 "polyglot/generated/polyglot/golang/v1"
	valuesv1 "polyglot/generated/polyglot/values/v1"
)

const delay = 10 * time.Millisecond

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
		sent := handler.Send(request.Values, restate.WithDelay(delay))
		// It reads either encoding.
		result := restate.AttachInvocation[*valuesv1.View](ctx, sent.GetInvocationId(), golangv1.WithProto)
		report.CalleeView, err = result.Response()
	} else {
		report.CalleeView, err = handler.Request(request.Values, options...)
	}
	if err != nil {
		return nil, err
	}
	if later != nil {
		if report.LaterView, err = later.Request(nil); err != nil {
			return nil, err
		}
	}
	report.CallerView = view(report.CalleeView.Values, report.CalleeView.Encoding, request.Key)
	return report, nil
}
