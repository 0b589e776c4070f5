// An operator as controller-runtime makes one, for the figures of `just operator-figures`: it
// applies the same objects of the same workspaces as the repository's own operator.
//
// The form `full` is what a scaffold gives: every kind that it makes is cached whole, from every
// namespace, and objects are applied as they come out of JSON. The form `lean` is what controller-
// runtime lets one do about memory: caches hold only what bears the operator's label, of that only
// metadata, and of that no managed fields and no annotations; objects are applied as bytes, and the
// answers are metadata. Both forms look at a workspace when its spec or any object of it changes,
// apply all of its objects in their order, one after the other, and write the status once.
//
// It does less than the operator that it stands beside: it plans nothing, its objects are texts with
// a name to fill in; it admits nobody, prunes nothing, and keeps no finalizer and no revisions.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	managedBy = "app.kubernetes.io/managed-by"
	operator  = "aichat-workspace-operator"
	// In the texts of the objects, the name of the workspace.
	placeholder = "one-of-many"
	// The pace of the repository's own operator, and how many workspaces it looks at at once.
	perSecond, burst, atOnce = 50, 100, 8
)

var workspaces = schema.GroupVersionKind{
	Group: "apps.aichatworkspaces.io", Version: "v1alpha1", Kind: "AIChatWorkspace",
}

// An object of every workspace, with a placeholder where the workspace's name belongs.
type object struct {
	gvk  schema.GroupVersionKind
	text []byte
}

type reconciler struct {
	client.Client
	objects []object
	lean    bool
}

func main() {
	form := flag.String("form", "full", "full or lean")
	file := flag.String("objects", "", "a JSON array of the objects of one workspace")
	namespace := flag.String("namespace", "", "where the resources of workspaces are")
	metrics := flag.String("metrics-bind-address", "0", "where metrics are served")
	probes := flag.String("health-probe-bind-address", ":8081", "where /readyz is served")
	flag.Parse()
	ctrl.SetLogger(klog.Background())
	if err := run(*form, *file, *namespace, *metrics, *probes); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(form, file, namespace, metrics, probes string) error {
	if form != "full" && form != "lean" {
		return fmt.Errorf("there is no form %q", form)
	}
	objects, err := read(file)
	if err != nil {
		return err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	// One limiter for all: without it each kind's client has one of its own.
	config.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(perSecond, burst)
	lean := form == "lean"
	own := &unstructured.Unstructured{}
	own.SetGroupVersionKind(workspaces)
	caches := cache.Options{ByObject: map[client.Object]cache.ByObject{
		own: {Label: labels.Everything(), Namespaces: map[string]cache.Config{namespace: {}}},
	}}
	if lean {
		caches.DefaultLabelSelector = labels.SelectorFromSet(labels.Set{managedBy: operator})
		caches.DefaultTransform = strip
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 scheme.Scheme,
		Cache:                  caches,
		Client:                 client.Options{Cache: &client.CacheOptions{Unstructured: true}},
		Metrics:                server.Options{BindAddress: metrics},
		HealthProbeBindAddress: probes,
	})
	if err != nil {
		return err
	}
	blueprint := builder.ControllerManagedBy(mgr).
		For(own, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: atOnce})
	watched := kinds(objects, lean)
	for _, kind := range watched {
		blueprint = blueprint.Watches(kind, handler.EnqueueRequestsFromMapFunc(owner(namespace)))
	}
	r := &reconciler{Client: mgr.GetClient(), objects: objects, lean: lean}
	if err := blueprint.Complete(r); err != nil {
		return err
	}
	if err := tellWhenSynced(mgr, append(watched, own)); err != nil {
		return err
	}
	return mgr.Start(ctrl.SetupSignalHandler())
}

// Reads the objects of a workspace, in the order in which they are applied.
func read(file string) ([]object, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var texts []json.RawMessage
	if err := json.Unmarshal(text, &texts); err != nil {
		return nil, err
	}
	objects := make([]object, 0, len(texts))
	for _, text := range texts {
		var meta metav1.TypeMeta
		if err := json.Unmarshal(text, &meta); err != nil {
			return nil, err
		}
		objects = append(objects, object{gvk: meta.GroupVersionKind(), text: text})
	}
	return objects, nil
}

// The kinds of the objects, each once, in the form in which they are cached.
func kinds(objects []object, lean bool) []client.Object {
	var found []client.Object
	seen := map[schema.GroupVersionKind]bool{}
	for _, it := range objects {
		if !seen[it.gvk] {
			seen[it.gvk] = true
			found = append(found, cached(it.gvk, lean))
		}
	}
	return found
}

func cached(gvk schema.GroupVersionKind, lean bool) client.Object {
	if lean {
		return metadata(gvk)
	}
	if typed, err := scheme.Scheme.New(gvk); err == nil {
		if kind, ok := typed.(client.Object); ok {
			return kind
		}
	}
	kind := &unstructured.Unstructured{}
	kind.SetGroupVersionKind(gvk)
	return kind
}

func metadata(gvk schema.GroupVersionKind) *metav1.PartialObjectMetadata {
	kind := &metav1.PartialObjectMetadata{}
	kind.SetGroupVersionKind(gvk)
	return kind
}

// Leaves out of the cache what no reconciliation reads.
func strip(it any) (any, error) {
	if about, err := meta.Accessor(it); err == nil {
		about.SetManagedFields(nil)
		about.SetAnnotations(nil)
	}
	return it, nil
}

// Whose object one is: the workspace has the name of its namespace.
func owner(namespace string) handler.MapFunc {
	return func(_ context.Context, it client.Object) []reconcile.Request {
		if it.GetLabels()[managedBy] != operator {
			return nil
		}
		name := it.GetNamespace()
		if name == "" {
			name = it.GetName()
		}
		return []reconcile.Request{{NamespacedName: types.NamespacedName{
			Namespace: namespace, Name: name,
		}}}
	}
}

// Serves /readyz, which says 200 when all caches have what there is.
func tellWhenSynced(mgr manager.Manager, all []client.Object) error {
	var synced atomic.Bool
	waits := manager.RunnableFunc(func(ctx context.Context) error {
		for _, kind := range all {
			// It comes back when the cache of this kind is complete.
			if _, err := mgr.GetCache().GetInformer(ctx, kind); err != nil {
				return err
			}
		}
		synced.Store(true)
		return nil
	})
	if err := mgr.Add(waits); err != nil {
		return err
	}
	return mgr.AddReadyzCheck("synced", func(*http.Request) error {
		if !synced.Load() {
			return errors.New("not yet")
		}
		return nil
	})
}

// Reconcile applies all objects of a workspace, and says so in its status.
func (r *reconciler) Reconcile(ctx context.Context, asked ctrl.Request) (ctrl.Result, error) {
	own := &unstructured.Unstructured{}
	own.SetGroupVersionKind(workspaces)
	if err := r.Get(ctx, asked.NamespacedName, own); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	for _, it := range r.objects {
		text := bytes.ReplaceAll(it.text, []byte(placeholder), []byte(asked.Name))
		if err := r.apply(ctx, it.gvk, text); err != nil {
			return ctrl.Result{}, err
		}
	}
	if made, _, _ := unstructured.NestedBool(own.Object, "status", "isCreated"); made {
		return ctrl.Result{}, nil
	}
	said := client.RawPatch(types.MergePatchType, []byte(`{"status":{"isCreated":true}}`))
	return ctrl.Result{}, r.Status().Patch(ctx, own.DeepCopy(), said, client.FieldOwner(operator))
}

func (r *reconciler) apply(ctx context.Context, gvk schema.GroupVersionKind, text []byte) error {
	whole := &unstructured.Unstructured{}
	if !r.lean {
		if err := json.Unmarshal(text, &whole.Object); err != nil {
			return err
		}
		sent := client.ApplyConfigurationFromUnstructured(whole)
		return r.Apply(ctx, sent, client.ForceOwnership, client.FieldOwner(operator))
	}
	var about struct{ Metadata metav1.ObjectMeta }
	if err := json.Unmarshal(text, &about); err != nil {
		return err
	}
	there := metadata(gvk)
	there.SetNamespace(about.Metadata.Namespace)
	there.SetName(about.Metadata.Name)
	sent := client.RawPatch(types.ApplyPatchType, text)
	return r.Patch(ctx, there, sent, client.ForceOwnership, client.FieldOwner(operator))
}
