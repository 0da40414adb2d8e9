// Configuration as code owns: a YAML file that describes settings, resources, roles, groups, organizations, attributes, claims, providers and clients; what it would change (plan), doing
// that (apply), writing one from what there is (export), and what has drifted from the file that was applied last. It does not
// own a single rule about these things: their services check, store and audit, as for console, REST and command line.
//
//   file ─► yaml-text (hardened) ─► document: every entry checked ─┐
//                                                 what exists ─► diff ─► plan
//                                                                  └─► apply, under a lock: settings as one, resources, roles, groups, organizations, attributes, claims,
//                                                                      providers, clients, deletions backwards; stops at the first failure
import { currentAuditContext, kindInWords, type NamedActor } from '../shared/audit-context.ts'
import { AppError } from '../shared/errors.ts'
import { applyChange, applySettings, failedSetting, type NewSecret } from './apply.ts'
import { type Existing, hasMoreClients, readCurrent } from './current.ts'
import { type Change, diff, type Plan } from './diff.ts'
import {
  type Configuration,
  configurationOf,
  parseConfiguration,
  sectionOf,
  type Wanted,
} from './document.ts'
import { exportYaml } from './export.ts'
import {
  type ConfigurationDependencies,
  type Fields,
  missingSecret,
  type ReadSecret,
  type SecretSource,
} from './ports.ts'
import { ConfigurationError, type ConfigurationProblem } from './problems.ts'
import type { ConfigurationStore } from './store.ts'
import { createYamlOf, type YamlOf } from './yaml-of.ts'

export interface Applied {
  done: Change[]
  /** What is to be known of it: a scope that two APIs have. */
  warnings: string[]
  secrets: NewSecret[]
  /** The change that failed, after those that are done; what follows it was not tried. */
  failed?: { change: Change; error: unknown }
}

export interface Drift {
  /** Milliseconds since the epoch. */
  appliedAt: number
  appliedBy: NamedActor
  /** What applying the last file again would do. Undefined: it does not fit any more, and `problem` says why. */
  plan?: Plan
  problem?: string
}

export interface PlanOptions {
  /** What to say about a secret that cannot be read. */
  missing?: (source: SecretSource) => string
}

export interface ApplyOptions extends PlanOptions {
  /** Looks at the plan before its first change is done: what it throws is thrown, and nothing is changed. */
  check?: (plan: Plan, before: (change: Change) => Fields | undefined) => void | Promise<void>
}

export interface Overview {
  /** False: there are too many clients to compare unasked. */
  compared: boolean
  /** Without a plan where nothing was compared. Undefined: no file was ever applied. */
  drift: Drift | undefined
  /** Undefined: too long, or not made. */
  yaml: string | undefined
}

/** Configuration as code. */
export interface ConfigurationService {
  /** What applying a file would do. Changes nothing. @throws ConfigurationError with every problem at once */
  plan(source: string, readSecret: ReadSecret, options?: PlanOptions): Promise<Plan>
  /**
   * Makes what exists what the file says. Applying it again does nothing.
   * @throws ConfigurationError before anything is changed · AppError configuration_busy (409): another apply runs
   */
  apply(source: string, readSecret: ReadSecret, options?: ApplyOptions): Promise<Applied>
  /** A file that describes what exists. No secrets. */
  export(): Promise<string>
  /** What differs from the file that was applied last, secrets left aside. Undefined: none was. */
  drift(): Promise<Drift | undefined>
  /**
   * Both at one look: the drift, and the export unless it is longer than that many characters.
   * @param given.mostClients with more of them nothing is compared, and nothing exported: it would take as long as there are many
   */
  overview(given: { maxLength: number; mostClients: number }): Promise<Overview>
  /** One thing, as its service shows it, as a file that describes it and nothing else. No secrets. */
  yamlOf: YamlOf
}

export function createConfiguration(
  deps: ConfigurationDependencies & {
    store: ConfigurationStore
    /** Told when a file was applied. */
    events(event: { type: 'configuration.applied'; changes: number }): void
  },
): ConfigurationService {
  const { store, events, ...services } = deps

  const planOf = async (configuration: Configuration, readSecret: ReadSecret, missing = missingSecret) => {
    const existing = await readCurrent(services)
    const secrets = await readSecrets(configuration.wanted, existing, readSecret, missing, services)
    const plan = await diff(configuration, existing, deps.needsNoApi, secrets.differs)
    const byId = new Map(existing.map((each) => [`${each.kind} ${each.id}`, each]))
    return { plan, secretOf: secrets.valueOf, before: ({ kind, id }: Change) => byId.get(`${kind} ${id}`) }
  }

  async function driftOf(existing: readonly Existing[]): Promise<Drift | undefined> {
    const last = await store.latest()
    if (last === null) return undefined
    const details = { appliedAt: last.appliedAt.getTime(), appliedBy: last.appliedBy }
    try {
      const configuration = await configurationOf(JSON.parse(last.document), services)
      return { ...details, plan: await diff(configuration, existing, deps.needsNoApi) }
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      const [problem] = error.problems
      return { ...details, problem: `${problem?.path}: ${problem?.message}` }
    }
  }

  return {
    async plan(source: string, readSecret: ReadSecret, { missing }: PlanOptions = {}): Promise<Plan> {
      return (await planOf(await parseConfiguration(source, services), readSecret, missing)).plan
    },

    async apply(
      source: string,
      readSecret: ReadSecret,
      { missing, check }: ApplyOptions = {},
    ): Promise<Applied> {
      const configuration = await parseConfiguration(source, services)
      const actor = currentAuditContext()?.actor
      const kind = actor?.kind ?? 'server'
      const by: NamedActor = { kind, name: actor?.name ?? kindInWords(kind) }
      const lock = await store.lock(by.name)
      if (lock === undefined) throw busy()
      try {
        const { plan, secretOf, before } = await planOf(configuration, readSecret, missing)
        await check?.(plan, (change) => before(change)?.fields)
        const applied: Applied = { done: [], warnings: plan.warnings, secrets: [] }
        // Those that are taken back too: they count, or do not, from one moment on.
        const settings = plan.changes.filter(({ kind }) => kind === 'setting')
        const [first] = settings
        if (first !== undefined) {
          try {
            if (!(await lock.renew())) throw busy()
            await applySettings(settings, services.settings)
          } catch (error) {
            return { ...applied, failed: { change: failedSetting(settings, error) ?? first, error } }
          }
          applied.done.push(...settings)
        }
        for (const change of plan.changes) {
          if (change.kind === 'setting') continue
          try {
            if (!(await lock.renew())) throw busy()
            const version = before(change)?.version
            await applyChange({ change, version, secretOf, services }, (secret) =>
              applied.secrets.push(secret),
            )
          } catch (error) {
            return { ...applied, failed: { change, error } }
          }
          applied.done.push(change)
        }
        await store.record(JSON.stringify(configuration.data), by)
        events({ type: 'configuration.applied', changes: applied.done.length })
        return applied
      } finally {
        await lock.release()
      }
    },

    export: async (): Promise<string> => (await exportYaml(await readCurrent(services), services)) ?? '',

    drift: async (): Promise<Drift | undefined> => driftOf(await readCurrent(services)),

    async overview({ maxLength, mostClients }): Promise<Overview> {
      if (Number.isFinite(mostClients) && (await hasMoreClients(services, mostClients))) {
        const last = await store.latest()
        const drift = last && { appliedAt: last.appliedAt.getTime(), appliedBy: last.appliedBy }
        return { compared: false, drift: drift ?? undefined, yaml: undefined }
      }
      const existing = await readCurrent(services)
      const drift = await driftOf(existing)
      return { compared: true, drift, yaml: await exportYaml(existing, services, maxLength) }
    },

    yamlOf: createYamlOf(services),
  }
}

/**
 * Reads the secrets that a file names. One that is missing is a problem, unless the provider has a secret already: then that
 * stays, so that the person who plans need not know it.
 */
async function readSecrets(
  wanted: readonly Wanted[],
  existing: readonly Existing[],
  readSecret: ReadSecret,
  missing: (source: SecretSource) => string,
  { providers }: Pick<ConfigurationDependencies, 'providers'>,
) {
  const values = new Map<string, string>()
  const differs = new Map<string, boolean>()
  const problems: ConfigurationProblem[] = []
  for (const { kind, name, secret, line } of wanted) {
    if (secret === undefined) continue
    const found = existing.find((each) => each.kind === kind && each.id === name)
    const value = readSecret(secret)
    if (value !== undefined) {
      values.set(name, value)
      differs.set(name, !(found?.hasSecret && (await providers.secretIs(name, value))))
    } else if (!found?.hasSecret) {
      problems.push({ line, path: sectionOf(kind), message: missing(secret) })
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems)
  return { differs, valueOf: ({ name }: Change) => values.get(name) }
}

const busy = (): AppError =>
  new AppError(
    'configuration_busy',
    409,
    'Another configuration is being applied now. Wait until it is done.',
  )
