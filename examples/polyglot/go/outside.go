package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	restate "github.com/restatedev/sdk-go"
	"github.com/restatedev/sdk-go/ingress"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	valuesv1 "polyglot/generated/polyglot/values/v1"
)

// callOutside calls the services of all teams from outside of Restate.
func callOutside(
	ctx context.Context, client *ingress.Client, request *valuesv1.CallRequest,
) (*valuesv1.CallReport, error) {
	team, err := teamOutsideOf(client, request)
	if err != nil {
		return nil, err
	}
	var handler ingress.Requester[*valuesv1.Values, *valuesv1.View]
	var later ingress.Requester[*emptypb.Empty, *valuesv1.View]
	var options []ingress.RequestOption
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
		sent, err := handler.Send(ctx, request.Values, restate.WithDelay(delay))
		if err != nil {
			return nil, err
		}
		attached := ingress.InvocationHandle[*valuesv1.View](sent)
		if request.Kind == valuesv1.Kind_KIND_WORKFLOW {
			attached = team.RunHandle()
		}
		report.CalleeView, err = attached.Attach(ctx)
		if err != nil {
			return nil, err
		}
	} else if report.CalleeView, err = handler.Request(ctx, request.Values, options...); err != nil {
		return nil, err
	}
	if later != nil {
		if report.LaterView, err = later.Request(ctx, nil); err != nil {
			return nil, err
		}
	}
	report.CallerView = view(report.CalleeView.Values, report.CalleeView.Encoding, request.Key)
	return report, nil
}

// visitOutside visits the desks of all teams from outside of Restate.
func visitOutside(
	ctx context.Context, client *ingress.Client, request *valuesv1.VisitRequest,
) (*valuesv1.VisitReport, error) {
	desk, err := deskOutsideOf(client, request)
	if err != nil {
		return nil, err
	}
	return visit(request, errands{
		look: func() (*valuesv1.DeskView, error) { return desk.Look().Request(ctx, nil) },
		ask: func() error {
			_, err := desk.Ask().Request(ctx, request.Refused)
			return err
		},
		register: func() error {
			_, err := desk.Register().Request(ctx, request.Guest)
			return err
		},
		scan: func() ([]byte, error) { return desk.Scan().Request(ctx, request.Document) },
	})
}

// answerAll answers each line of a file, a request in base64, with a line: "report", and what came of
// it in base64; or "failed", and why.
func answerAll[I, O proto.Message](
	file string, request func() I, answer func(request I) (O, error),
) error {
	lines, err := os.Open(file)
	if err != nil {
		return err
	}
	defer lines.Close()
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, 1<<26)
	for scanner.Scan() {
		asked := request()
		data, err := base64.StdEncoding.DecodeString(scanner.Text())
		if err == nil {
			err = proto.Unmarshal(data, asked)
		}
		if err != nil {
			return err
		}
		if report, err := answer(asked); err != nil {
			fmt.Println("failed", strings.ReplaceAll(err.Error(), "\n", " "))
		} else if data, err := proto.Marshal(report); err != nil {
			return err
		} else {
			fmt.Println("report", base64.StdEncoding.EncodeToString(data))
		}
	}
	return scanner.Err()
}
