package main

import (
	"fmt"
	"slices"

	restate "github.com/restatedev/sdk-go"
	"github.com/restatedev/sdk-go/ingress"
	"google.golang.org/protobuf/types/known/emptypb"

	golangv1 "polyglot/generated/polyglot/golang/v1"
	javav1 "polyglot/generated/polyglot/java/v1"
	kotlinv1 "polyglot/generated/polyglot/kotlin/v1"
	pythonv1 "polyglot/generated/polyglot/python/v1"
	typescriptv1 "polyglot/generated/polyglot/typescript/v1"
	valuesv1 "polyglot/generated/polyglot/values/v1"
)

// The desks of the Go team, and how it visits those of others: typed keys and errors, rules, bytes.
type desk struct{}

func (desk) Look(ctx restate.ObjectSharedContext) (*valuesv1.DeskView, error) {
	return &valuesv1.DeskView{
		Language: "go",
		Text:     restate.Key(ctx),
		Key:      golangv1.DeskKeyFormat.Of(ctx),
	}, nil
}

func (desk) Ask(_ restate.ObjectContext, request *valuesv1.Refused) error {
	return golangv1.NewRefusedError(request, "refused: "+request.Reason)
}

func (desk) Register(restate.ObjectContext, *valuesv1.Guest) error { return nil }

func (desk) Scan(_ restate.ObjectContext, document []byte) ([]byte, error) {
	image := slices.Clone(document)
	slices.Reverse(image)
	return image, nil
}

type visitor struct{}

func (visitor) Visit(ctx restate.Context, request *valuesv1.VisitRequest) (*valuesv1.VisitReport, error) {
	desk, err := deskOf(ctx, request)
	if err != nil {
		return nil, restate.ToTerminalError(err, restate.WithErrorCode(400))
	}
	return visit(request, errands{
		look: func() (*valuesv1.DeskView, error) { return desk.Look().Request(nil) },
		ask: func() error {
			_, err := desk.Ask().Request(request.Refused)
			return err
		},
		register: func() error {
			_, err := desk.Register().Request(request.Guest)
			return err
		},
		scan: func() ([]byte, error) { return desk.Scan().Request(request.Document) },
	})
}

// errands are what one can do at a desk, from a handler or from outside.
type errands struct {
	look     func() (*valuesv1.DeskView, error)
	ask      func() error
	register func() error
	scan     func() ([]byte, error)
}

func visit(request *valuesv1.VisitRequest, do errands) (*valuesv1.VisitReport, error) {
	report := &valuesv1.VisitReport{}
	var err error
	switch request.Errand {
	case valuesv1.Errand_ERRAND_ASK:
		err = do.ask()
	case valuesv1.Errand_ERRAND_REGISTER:
		err = do.register()
	case valuesv1.Errand_ERRAND_SCAN:
		report.Image, err = do.scan()
	default:
		report.Seen, err = do.look()
	}
	// Each is of one message, whichever team has declared it.
	if refused := golangv1.AsRefusedError(err); refused != nil {
		report.Refused = refused.Detail
	}
	if broken := golangv1.AsViolationsError(err); broken != nil {
		for _, violation := range broken.Detail.Violations {
			report.BrokenRules = append(report.BrokenRules, violation.GetRuleId())
		}
	}
	if failure := restate.AsTerminalError(err); failure != nil {
		report.Code, report.Text = int32(failure.Code()), failure.Message()
		return report, nil
	}
	return report, err
}

type deskClient interface {
	Look(...restate.ClientOption) restate.Client[*emptypb.Empty, *valuesv1.DeskView]
	Ask(...restate.ClientOption) restate.Client[*valuesv1.Refused, *emptypb.Empty]
	Register(...restate.ClientOption) restate.Client[*valuesv1.Guest, *emptypb.Empty]
	Scan(...restate.ClientOption) restate.Client[[]byte, []byte]
}

func deskOf(ctx restate.Context, request *valuesv1.VisitRequest) (deskClient, error) {
	switch key := request.Key; request.Callee {
	case golang:
		return golangv1.NewDeskClient(ctx, key)
	case java:
		return javav1.NewDeskClient(ctx, key)
	case kotlin:
		return kotlinv1.NewDeskClient(ctx, key)
	case python:
		return pythonv1.NewDeskClient(ctx, key)
	case typescript:
		return typescriptv1.NewDeskClient(ctx, key)
	}
	return nil, fmt.Errorf("no such desk: %v", request.Callee)
}

type deskOutside interface {
	Look() ingress.Requester[*emptypb.Empty, *valuesv1.DeskView]
	Ask() ingress.Requester[*valuesv1.Refused, *emptypb.Empty]
	Register() ingress.Requester[*valuesv1.Guest, *emptypb.Empty]
	Scan() ingress.Requester[[]byte, []byte]
}

func deskOutsideOf(client *ingress.Client, request *valuesv1.VisitRequest) (deskOutside, error) {
	switch key := request.Key; request.Callee {
	case golang:
		return golangv1.NewDeskIngressClient(client, key)
	case java:
		return javav1.NewDeskIngressClient(client, key)
	case kotlin:
		return kotlinv1.NewDeskIngressClient(client, key)
	case python:
		return pythonv1.NewDeskIngressClient(client, key)
	case typescript:
		return typescriptv1.NewDeskIngressClient(client, key)
	}
	return nil, fmt.Errorf("no such desk: %v", request.Callee)
}
