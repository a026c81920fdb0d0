package main

import (
	"fmt"

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

// What the generated clients of all teams have in common, binary or JSON: in handlers, and outside.
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
	}

	mirrorOutside interface {
		Reflect() ingress.Requester[*valuesv1.Values, *valuesv1.View]
	}
	lockerOutside interface {
		Keep() ingress.Requester[*valuesv1.Values, *valuesv1.View]
		Look() ingress.Requester[*emptypb.Empty, *valuesv1.View]
	}
	journeyOutside interface {
		Run() ingress.Requester[*valuesv1.Values, *valuesv1.View]
		RunHandle() ingress.InvocationHandle[*valuesv1.View]
		Arrived() ingress.Requester[*emptypb.Empty, *valuesv1.View]
	}
	teamOutside struct {
		mirrorOutside
		lockerOutside
		journeyOutside
	}

	choice struct {
		callee   valuesv1.Language
		encoding valuesv1.Encoding
	}
)

const (
	python     = valuesv1.Language_LANGUAGE_PYTHON
	java       = valuesv1.Language_LANGUAGE_JAVA
	kotlin     = valuesv1.Language_LANGUAGE_KOTLIN
	golang     = valuesv1.Language_LANGUAGE_GO
	typescript = valuesv1.Language_LANGUAGE_TYPESCRIPT

	binary = valuesv1.Encoding_ENCODING_BINARY
	inJSON = valuesv1.Encoding_ENCODING_JSON
)

// teamOf gives the clients of a team's services in a handler, in the encoding that is asked for.
func teamOf(ctx restate.Context, request *valuesv1.CallRequest) (team, error) {
	key := request.Key
	switch (choice{request.Callee, request.Encoding}) {
	case choice{python, binary}:
		return team{pythonv1.NewMirrorClient(ctx), pythonv1.NewLockerClient(ctx, key), pythonv1.NewJourneyClient(ctx, key)}, nil
	case choice{python, inJSON}:
		return team{pythonv1.NewJsonMirrorClient(ctx), pythonv1.NewJsonLockerClient(ctx, key), pythonv1.NewJsonJourneyClient(ctx, key)}, nil
	case choice{java, binary}:
		return team{javav1.NewMirrorClient(ctx), javav1.NewLockerClient(ctx, key), javav1.NewJourneyClient(ctx, key)}, nil
	case choice{java, inJSON}:
		return team{javav1.NewJsonMirrorClient(ctx), javav1.NewJsonLockerClient(ctx, key), javav1.NewJsonJourneyClient(ctx, key)}, nil
	case choice{kotlin, binary}:
		return team{kotlinv1.NewMirrorClient(ctx), kotlinv1.NewLockerClient(ctx, key), kotlinv1.NewJourneyClient(ctx, key)}, nil
	case choice{kotlin, inJSON}:
		return team{kotlinv1.NewJsonMirrorClient(ctx), kotlinv1.NewJsonLockerClient(ctx, key), kotlinv1.NewJsonJourneyClient(ctx, key)}, nil
	case choice{golang, binary}:
		return team{golangv1.NewMirrorClient(ctx), golangv1.NewLockerClient(ctx, key), golangv1.NewJourneyClient(ctx, key)}, nil
	case choice{golang, inJSON}:
		return team{golangv1.NewJsonMirrorClient(ctx), golangv1.NewJsonLockerClient(ctx, key), golangv1.NewJsonJourneyClient(ctx, key)}, nil
	case choice{typescript, binary}:
		return team{typescriptv1.NewMirrorClient(ctx), typescriptv1.NewLockerClient(ctx, key), typescriptv1.NewJourneyClient(ctx, key)}, nil
	case choice{typescript, inJSON}:
		return team{typescriptv1.NewJsonMirrorClient(ctx), typescriptv1.NewJsonLockerClient(ctx, key), typescriptv1.NewJsonJourneyClient(ctx, key)}, nil
	}
	return team{}, fmt.Errorf("no such team: %v in %v", request.Callee, request.Encoding)
}

// teamOutsideOf gives the clients of a team's services from outside of Restate.
func teamOutsideOf(client *ingress.Client, request *valuesv1.CallRequest) (teamOutside, error) {
	key := request.Key
	switch (choice{request.Callee, request.Encoding}) {
	case choice{python, binary}:
		return teamOutside{pythonv1.NewMirrorIngressClient(client), pythonv1.NewLockerIngressClient(client, key), pythonv1.NewJourneyIngressClient(client, key)}, nil
	case choice{python, inJSON}:
		return teamOutside{pythonv1.NewJsonMirrorIngressClient(client), pythonv1.NewJsonLockerIngressClient(client, key), pythonv1.NewJsonJourneyIngressClient(client, key)}, nil
	case choice{java, binary}:
		return teamOutside{javav1.NewMirrorIngressClient(client), javav1.NewLockerIngressClient(client, key), javav1.NewJourneyIngressClient(client, key)}, nil
	case choice{java, inJSON}:
		return teamOutside{javav1.NewJsonMirrorIngressClient(client), javav1.NewJsonLockerIngressClient(client, key), javav1.NewJsonJourneyIngressClient(client, key)}, nil
	case choice{kotlin, binary}:
		return teamOutside{kotlinv1.NewMirrorIngressClient(client), kotlinv1.NewLockerIngressClient(client, key), kotlinv1.NewJourneyIngressClient(client, key)}, nil
	case choice{kotlin, inJSON}:
		return teamOutside{kotlinv1.NewJsonMirrorIngressClient(client), kotlinv1.NewJsonLockerIngressClient(client, key), kotlinv1.NewJsonJourneyIngressClient(client, key)}, nil
	case choice{golang, binary}:
		return teamOutside{golangv1.NewMirrorIngressClient(client), golangv1.NewLockerIngressClient(client, key), golangv1.NewJourneyIngressClient(client, key)}, nil
	case choice{golang, inJSON}:
		return teamOutside{golangv1.NewJsonMirrorIngressClient(client), golangv1.NewJsonLockerIngressClient(client, key), golangv1.NewJsonJourneyIngressClient(client, key)}, nil
	case choice{typescript, binary}:
		return teamOutside{typescriptv1.NewMirrorIngressClient(client), typescriptv1.NewLockerIngressClient(client, key), typescriptv1.NewJourneyIngressClient(client, key)}, nil
	case choice{typescript, inJSON}:
		return teamOutside{typescriptv1.NewJsonMirrorIngressClient(client), typescriptv1.NewJsonLockerIngressClient(client, key), typescriptv1.NewJsonJourneyIngressClient(client, key)}, nil
	}
	return teamOutside{}, fmt.Errorf("no such team: %v in %v", request.Callee, request.Encoding)
}
