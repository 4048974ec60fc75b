// The library: what `import … from 'secateur'` gives. Reading, analysis and pruning work on plain arrays; tfjs is loaded
// by `chooseBackend`, so whoever only prunes never does.

export { type AnalyseOptions, analyse } from './analysis/analyse.ts';
export type * from './analysis/types.ts';
export { type BackendOptions, chooseBackend } from './execution/backend.ts';
export { createNetwork, type NetworkOptions } from './execution/network.ts';
export type * from './execution/types.ts';
export type { Companions, Format, Model } from './formats/format.ts';
export { formats, openModel, writeModel } from './formats/formats.ts';
export { printGraph } from './graph/print.ts';
export { checkGraph } from './graph/spec.ts';
export type * from './graph/types.ts';
export { ModelError, type Problem } from './lib/errors.ts';
export type { Candidate, Decision, Verdict } from './pruning/candidate.ts';
export { criteria, ownCriterion } from './pruning/criteria/criteria.ts';
export type * from './pruning/criteria/criterion.ts';
export { type HistoryEntry, replay } from './pruning/history.ts';
export type { OpenStep } from './pruning/open-step.ts';
export type { LayerSet, PrunerOptions, ScopeName, Target, TargetKind } from './pruning/options.ts';
export { MetaPruner, type ProvidedEvidence, type PrunerState } from './pruning/pruner.ts';
export type { Reason, ReasonCode, Removed, StepReport } from './pruning/report.ts';
export type { Schedule, ScheduleName } from './pruning/schedule.ts';
export { openDataset } from './training/datasets/datasets.ts';
export { type FitOptions, fitTo } from './training/datasets/fit.ts';
export type { DataOptions } from './training/datasets/reader.ts';
export { type SampleOptions, sampleDigits } from './training/datasets/sample.ts';
export { type EvaluateOptions, evaluate } from './training/evaluate.ts';
export { collectEvidence, type EvidenceOptions } from './training/evidence.ts';
export { type Gate, gateOf } from './training/gate.ts';
export { train } from './training/loop.ts';
export type { PartialTraining } from './training/options.ts';
export { type ReestimateOptions, reestimateBatchNorm } from './training/recovery/batch-norm.ts';
export { type DistilOptions, distil } from './training/recovery/distil.ts';
export { type ReconstructOptions, reconstruct } from './training/recovery/reconstruct.ts';
export { type PenaltyName, type PenaltyOptions, penaltyOf } from './training/sparsity.ts';
export type * from './training/types.ts';
