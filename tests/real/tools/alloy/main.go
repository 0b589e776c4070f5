// Alloy runs a configuration of Alloy, with the components that the tree's own has and no others.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/grafana/alloy/internal/featuregate"
	"github.com/grafana/alloy/internal/runtime"
	"github.com/grafana/alloy/internal/runtime/logging"
	"github.com/grafana/alloy/internal/service"
	"github.com/grafana/alloy/internal/service/livedebugging"
	"github.com/prometheus/client_golang/prometheus"

	_ "github.com/grafana/alloy/internal/component/discovery/kubernetes"
	_ "github.com/grafana/alloy/internal/component/discovery/relabel"
	_ "github.com/grafana/alloy/internal/component/loki/process"
	_ "github.com/grafana/alloy/internal/component/loki/source/file"
	_ "github.com/grafana/alloy/internal/component/loki/source/journal"
	_ "github.com/grafana/alloy/internal/component/loki/write"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: alloy <configuration> <folder for what it remembers>")
		os.Exit(2)
	}
	ended, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if err := run(ended, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run reads the configuration and does what it says, until it is ended.
func run(ended context.Context, configuration, folder string) error {
	text, err := os.ReadFile(configuration)
	if err != nil {
		return err
	}
	source, err := runtime.ParseSource(configuration, text)
	if err != nil {
		return err
	}
	log, err := logging.New(os.Stderr, logging.DefaultOptions)
	if err != nil {
		return err
	}
	alloy, err := runtime.New(runtime.Options{
		Logger:               log,
		DataPath:             folder,
		Reg:                  prometheus.NewRegistry(),
		MinStability:         featuregate.StabilityGenerallyAvailable,
		Services:             []service.Service{livedebugging.New()},
		TaskShutdownDeadline: 10 * time.Second,
	})
	if err != nil {
		return err
	}
	// It waits for the first configuration.
	done := make(chan struct{})
	go func() {
		defer close(done)
		alloy.Run(ended)
	}()
	if err := alloy.LoadSource(source, nil, configuration); err != nil {
		return errors.Join(errors.New("the configuration is refused"), err)
	}
	fmt.Fprintln(os.Stderr, "the configuration is taken")
	<-done
	return nil
}
