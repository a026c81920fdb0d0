// The benchmark services on the official Go SDK: `endpoint PORT`.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"
	"time"

	restate "github.com/restatedev/sdk-go"
	"github.com/restatedev/sdk-go/server"
)

type greetRequest struct {
	Name string `json:"name"`
}

type greetResponse struct {
	Greeting string `json:"greeting"`
}

type replay struct {
	Steps int `json:"steps"`
}

func greeting(request greetRequest) greetResponse {
	return greetResponse{"Hello " + request.Name}
}

func main() {
	greeter := restate.NewService("Greeter").
		Handler("greet", restate.NewServiceHandler(
			func(_ restate.Context, request greetRequest) (greetResponse, error) {
				return greeting(request), nil
			}))

	tally := restate.NewObject("Tally").
		Handler("add", restate.NewObjectHandler(
			func(ctx restate.ObjectContext, amount int64) (int64, error) {
				count, err := restate.Get[int64](ctx, "count")
				if err != nil {
					return 0, err
				}
				count += amount
				restate.Set(ctx, "count", count)
				return count, nil
			}))

	steps := restate.NewService("Steps").
		Handler("run", restate.NewServiceHandler(
			func(ctx restate.Context, request greetRequest) (greetResponse, error) {
				return restate.Run(ctx, func(restate.RunContext) (greetResponse, error) {
					return greeting(request), nil
				}, restate.WithName("step"))
			})).
		Handler("call", restate.NewServiceHandler(
			func(ctx restate.Context, request greetRequest) (greetResponse, error) {
				return restate.Service[greetResponse](ctx, "Greeter", "greet").Request(request)
			})).
		Handler("replay", restate.NewServiceHandler(
			func(ctx restate.Context, request replay) (replay, error) {
				sum := 0
				for range request.Steps {
					one, err := restate.Run(ctx, func(restate.RunContext) (int, error) {
						return 1, nil
					}, restate.WithName("step"))
					if err != nil {
						return replay{}, err
					}
					sum += one
				}
				return replay{sum}, nil
			})).
		Handler("echo", restate.NewServiceHandler(
			func(_ restate.Context, body []byte) ([]byte, error) {
				return body, nil
			}, restate.WithBinary)).
		Handler("park", restate.NewServiceHandler(
			func(ctx restate.Context, request greetRequest) (greetResponse, error) {
				if err := restate.Sleep(ctx, time.Hour); err != nil {
					return greetResponse{}, err
				}
				return greeting(request), nil
			}))

	errors := slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})
	endpoint := server.NewRestate().WithLogger(errors, true).Bind(greeter).Bind(tally).Bind(steps)
	if err := endpoint.Start(context.Background(), "127.0.0.1:"+os.Args[1]); err != nil {
		log.Fatal(err)
	}
}
