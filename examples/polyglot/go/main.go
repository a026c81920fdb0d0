// The endpoint of the Go team: the services of polyglot/golang/v1 on 127.0.0.1:$PORT.
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

	restate "github.com/restatedev/sdk-go"
	"github.com/restatedev/sdk-go/server"

	golangv1 "polyglot/generated/polyglot/golang/v1"
)

func main() {
	warnings := slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})
	endpoint := server.NewRestate().
		WithLogger(warnings, true).
		// The generated code serves ProtoJSON; WithProto makes it binary.
		Bind(golangv1.NewMirrorServer(mirror{"binary"}, restate.WithProto)).
		Bind(golangv1.NewLockerServer(locker{"binary", restate.WithProto}, restate.WithProto)).
		Bind(golangv1.NewJourneyServer(journey{"binary", restate.WithProto}, restate.WithProto)).
		Bind(golangv1.NewJsonMirrorServer(mirror{"json"})).
		Bind(golangv1.NewJsonLockerServer(locker{"json", restate.WithProtoJSON})).
		Bind(golangv1.NewJsonJourneyServer(journey{"json", restate.WithProtoJSON})).
		Bind(golangv1.NewCallerServer(caller{}))
	if err := serve(endpoint, "127.0.0.1:"+os.Getenv("PORT")); err != nil {
		log.Fatal(err)
	}
}

// serve is endpoint.Start, and says when it listens.
func serve(endpoint *server.Restate, address string) error {
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
