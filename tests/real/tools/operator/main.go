// The part of prometheus-operator that makes Prometheus' configuration, on standard input and
// output: objects of a cluster go in, the configuration, the rules and what was refused come out.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql/parser"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/yaml"

	"github.com/blang/semver/v4"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus-operator/prometheus-operator/pkg/assets"
	"github.com/prometheus-operator/prometheus-operator/pkg/operator"
	operated "github.com/prometheus-operator/prometheus-operator/pkg/prometheus"
)

// What the cluster has.
type given struct {
	Prometheus      monitoringv1.Prometheus       `json:"prometheus"`
	Namespaces      []corev1.Namespace            `json:"namespaces"`
	ServiceMonitors []monitoringv1.ServiceMonitor `json:"serviceMonitors"`
	PodMonitors     []monitoringv1.PodMonitor     `json:"podMonitors"`
	Probes          []monitoringv1.Probe          `json:"probes"`
	Rules           []monitoringv1.PrometheusRule `json:"rules"`
}

// What the operator makes of it.
type made struct {
	Configuration string            `json:"configuration"`
	Rules         map[string]string `json:"rules"`
	Selected      []string          `json:"selected"`
	Refused       []string          `json:"refused"`
}

func main() {
	var in given
	check(json.NewDecoder(os.Stdin).Decode(&in))
	out, err := configured(&in)
	check(err)
	check(json.NewEncoder(os.Stdout).Encode(out))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func configured(in *given) (*made, error) {
	ctx, p := context.Background(), &in.Prometheus
	quiet := slog.New(slog.DiscardHandler)
	nothing := fake.NewClientset().CoreV1()
	store := assets.NewStoreBuilder(nothing, nothing)
	spaces := cache.NewSharedIndexInformer(&cache.ListWatch{}, &corev1.Namespace{}, 0, nil)
	for at := range in.Namespaces {
		if err := spaces.GetStore().Add(&in.Namespaces[at]); err != nil {
			return nil, err
		}
	}
	selector, err := operated.NewResourceSelector(
		quiet, p, store, spaces,
		operator.NewMetrics(prometheus.NewRegistry()), operator.NewFakeRecorder(1000, p),
	)
	if err != nil {
		return nil, err
	}
	out := &made{Rules: map[string]string{}}

	services, err := selector.SelectServiceMonitors(ctx, listed(in.ServiceMonitors))
	if err != nil {
		return nil, err
	}
	pods, err := selector.SelectPodMonitors(ctx, listed(in.PodMonitors))
	if err != nil {
		return nil, err
	}
	probes, err := selector.SelectProbes(ctx, listed(in.Probes))
	if err != nil {
		return nil, err
	}
	note(out, "ServiceMonitor", services)
	note(out, "PodMonitor", pods)
	note(out, "Probe", probes)
	if err := rules(in, out, spaces); err != nil {
		return nil, err
	}

	generator, err := operated.NewConfigGenerator(
		quiet, p, operated.WithEndpointSliceSupport(), operated.WithInlineTLSConfig(),
	)
	if err != nil {
		return nil, err
	}
	text, err := generator.GenerateServerConfiguration(
		p, services.ValidResources(), pods.ValidResources(), probes.ValidResources(),
		nil, store, nil, nil, nil, nil,
	)
	out.Configuration = string(text)
	return out, err
}

// What a namespace has of a kind, as the operator asks for it.
func listed[T any, P interface {
	*T
	metav1.Object
}](all []T) operated.ListAllByNamespaceFn {
	return func(namespace string, wanted labels.Selector, appended cache.AppendFunc) error {
		for at := range all {
			one := P(&all[at])
			if one.GetNamespace() == namespace && wanted.Matches(labels.Set(one.GetLabels())) {
				appended(one)
			}
		}
		return nil
	}
}

func note[T operator.ConfigurationResource](
	out *made, kind string, all operator.TypedResourcesSelection[T],
) {
	for name, one := range all {
		out.Selected = append(out.Selected, kind+"/"+name)
		for _, condition := range one.Conditions() {
			if condition.Status != monitoringv1.ConditionTrue {
				out.Refused = append(
					out.Refused, fmt.Sprintf("%s/%s: %s", kind, name, condition.Message),
				)
			}
		}
	}
}

// The rules that are selected, each object a file, as the operator puts them into a ConfigMap.
func rules(in *given, out *made, spaces cache.SharedIndexInformer) error {
	spec := in.Prometheus.Spec
	namespaces, err := operator.SelectNamespacesFromCache(
		&in.Prometheus, spec.RuleNamespaceSelector, spaces,
	)
	if err != nil {
		return err
	}
	wanted, err := metav1.LabelSelectorAsSelector(spec.RuleSelector)
	if err != nil {
		return err
	}
	version, err := semver.ParseTolerant(
		operator.StringValOrDefault(spec.Version, operator.DefaultPrometheusVersion),
	)
	if err != nil {
		return err
	}
	for _, namespace := range namespaces {
		err := listed(in.Rules)(namespace, wanted, func(found any) {
			rule := found.(*monitoringv1.PrometheusRule)
			name := "PrometheusRule/" + rule.Namespace + "/" + rule.Name
			out.Selected = append(out.Selected, name)
			errs := operator.ValidateRule(
				rule.Spec, operator.ValidationSchemeForPrometheus(version), parser.Options{},
			)
			for _, err := range errs {
				out.Refused = append(out.Refused, name+": "+err.Error())
			}
			text, err := yaml.Marshal(rule.Spec)
			if err != nil {
				out.Refused = append(out.Refused, name+": "+err.Error())
			} else if len(errs) == 0 {
				out.Rules[rule.Namespace+"-"+rule.Name+".yaml"] = string(text)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
