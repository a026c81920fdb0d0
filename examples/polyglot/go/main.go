// The endpoint of the Go team: the services of polyglot/golang/v1 on 127.0.0.1:$PORT.
//
// With the word `outside` or `visits`, the address of the ingress and a file of requests, it calls the
// services, or visits the desks, of all teams from outside of Restate instead.
package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/restatedev/sdk-go/ingress"
	"github.com/restatedev/sdk-go/server"

	golangv1 "polyglot/generated/polyglot/golang/v1"
	valuesv1 "polyglot/generated/polyglot/values/v1"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(arguments []string) error {
	if len(arguments) != 3 {
		return serve("127.0.0.1:" + os.Getenv("PORT"))
	}
	ctx, client, file := context.Background(), ingress.NewClient(arguments[1]), arguments[2]
	if arguments[0] == "visits" {
		return answerAll(
			file,
			func() *valuesv1.VisitRequest { return &valuesv1.VisitRequest{} },
			func(request *valuesv1.VisitRequest) (*valuesv1.VisitReport, error) {
				return visitOutside(ctx, client, request)
			},
		)
	}
	return answerAll(
		file,
		func() *valuesv1.CallRequest { return &valuesv1.CallRequest{} },
		func(request *valuesv1.CallRequest) (*valuesv1.CallReport, error) {
			return callOutside(ctx, client, request)
		},
	)
}

// serve is the SDK's Start, and says when it listens.
func serve(address string) error {
	warnings := slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})
	endpoint := server.NewRestate().
		WithLogger(warnings, true).
		Bind(golangv1.NewMirrorServer(mirror{})).
		Bind(golangv1.NewLockerServer(locker{})).
		Bind(golangv1.NewJourneyServer(journey{})).
		Bind(golangv1.NewJsonMirrorServer(jsonMirror{})).
		Bind(golangv1.NewJsonLockerServer(jsonLocker{})).
		Bind(golangv1.NewJsonJourneyServer(jsonJourney{})).
		Bind(golangv1.NewCallerServer(caller{})).
		Bind(golangv1.NewDeskServer(desk{})).
		Bind(golangv1.NewVisitorServer(visitor{}))
	handler, err := endpoint.Handler()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("ready")

	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	httpServer := &http.Server{Handler: handler, Protocols: &protocols}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	go func() {
		<-ctx.Done()
		httpServer.Close()
	}()
	if err := httpServer.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}
