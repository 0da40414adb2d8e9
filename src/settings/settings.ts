// Settings own: what an owner may change while the server runs, what counts of it now, and who changed it when. They do not own
// what a setting does: every consumer reads the live view, and keeps no value.
//
//   environment (pinned) ─┐
//   database ─► snapshot ─┼─► view ─► consumers
//   table (defaults) ─────┘     ▲
//                               └── refresh: before a request or a job, when older than a second
import type { NamedActor } from '../shared/audit-context.ts'
import type { Clock } from '../shared/clock.ts'
import { AppError, VersionConflict } from '../shared/errors.ts'
import { ENGLISH } from '../shared/locales/locales.ts'
import { inLocale, message, t } from '../shared/locales/texts.ts'
import { type FieldProblem, ValidationError } from '../shared/validation-error.ts'
import type { Pinned } from './pinned.ts'
import { documentOf, type Snapshot, type StoredEntry, snapshotOf } from './snapshot.ts'
import type { SettingsStore } from './store.ts'
import {
  DESCRIPTIONS,
  defaultOf,
  isSettingName,
  readValue,
  type SettingDescription,
  type SettingName,
  settingOf,
  variableOfSetting,
} from './table.ts'
import { type SettingsView, viewOf } from './view.ts'

/** One setting as it is now. */
export interface SettingState extends SettingDescription {
  /** What counts. */
  value: unknown
  default: unknown
  /** The environment variable that sets it. */
  pinnedBy: string | undefined
  /** When it was changed, in milliseconds, and by whom; undefined: never, or it was reset. */
  changed: { at: number; by: NamedActor } | undefined
  /** Why what is stored does not count. */
  refused: string | undefined
}

export interface SettingsState {
  /** Another one after every change. */
  version: string
  settings: readonly SettingState[]
}

export interface SettingsEvent {
  type: 'settings.updated'
  /** What counted before, and counts now, of each setting that was changed. */
  before: Readonly<Record<string, unknown>>
  after: Readonly<Record<string, unknown>>
}

export interface Settings {
  /** What counts now. Keep it, and take values out of it when they are needed. */
  readonly values: SettingsView
  /** Every setting in words, section by section. */
  readonly described: readonly SettingDescription[]
  /** What a text in a form stands for; `change` judges it. */
  fromText(name: SettingName, text: string): unknown
  /** What the environment pins. */
  readonly pinned: Pinned
  /**
   * Looks at what is stored. What cannot be read leaves things as they are, and is logged.
   * @returns undefined: that was done within the last second
   */
  refresh(): Promise<void> | undefined
  /** All settings, as they are stored at this moment. */
  list(): Promise<SettingsState>
  /**
   * What would count after these changes, which are good. @param others.reset all others would be at their defaults
   */
  planned(changes: Readonly<Record<string, unknown>>, others: { reset: boolean }): SettingsView
  /** What would be stored. @throws ValidationError with every problem, by name */
  complete(changes: Readonly<Record<string, unknown>>): Record<string, unknown>
  /**
   * Changes some, all or none of them; null takes one back to its default.
   * @param given.ifVersion the state that the change is meant for
   * @throws AppError with `errors` by name, invalid_settings (422) · setting_pinned, version_conflict (409)
   */
  change(changes: Readonly<Record<string, unknown>>, given?: { ifVersion?: string }): Promise<SettingsState>
}

/** How long what was read counts, in milliseconds. */
const FRESH = 1000
/** How long a request waits for a look, in milliseconds: what needs no database must not hang with it. */
const PATIENCE = 500
/** How often a change is tried again that others were faster than. */
const TRIES = 20

/** Resolves with the work, or when its time is up; the work goes on. */
async function atMost(milliseconds: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds)
  try {
    await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

export async function openSettings(deps: {
  store: SettingsStore
  pinned: Pinned
  issuer: string
  clock: Clock
  logger: { warn(fields: object, message: string): void; error(fields: object, message: string): void }
  events(event: SettingsEvent): void
  /** What is wrong with settings together, by the one to mend; judged when one of `names` changes. */
  together: { names: readonly SettingName[]; problem(planned: SettingsView): FieldProblem | undefined }
  /** The actor of the request, for `changed.by`. */
  actor(): Promise<NamedActor>
}): Promise<Settings> {
  const { store, issuer, clock, logger, events } = deps
  const pinned = new Map(Object.entries(deps.pinned))
  let snapshot: Snapshot = snapshotOf(await store.read())
  let readAt = clock()
  let reading: Promise<void> | undefined
  let failing = false
  let turns = 0
  let taken = 0
  const told = new Set<string>()

  const valueIn = ({ values }: Snapshot, name: SettingName): unknown =>
    pinned.get(name) ?? values.get(name) ?? defaultOf(name, issuer)

  /** @param turn when it was read: what was asked for before something that counts already is too late */
  function take(next: Snapshot, turn: number): void {
    if (turn < taken) return
    taken = turn
    readAt = clock()
    snapshot = next
    for (const name of next.refused) {
      if (told.has(name)) continue
      told.add(name)
      const problem = inLocale(ENGLISH, () => problemIn(next, name))
      logger.warn({ setting: name }, `the stored value of ${name} does not count: it ${problem}`)
    }
  }

  async function read(): Promise<Snapshot> {
    const turn = ++turns
    const next = snapshotOf(await store.read())
    take(next, turn)
    return next
  }

  async function look(): Promise<void> {
    try {
      await read()
      failing = false
    } catch (err) {
      // As often as before, not with every request.
      readAt = clock()
      if (!failing) logger.error({ err }, 'the settings could not be read: those read before go on counting')
      failing = true
    }
  }

  const stateOf = (of: Snapshot): SettingsState => ({
    version: String(of.version),
    settings: DESCRIPTIONS.map((description) => {
      const { name } = description
      const stored = of.entries.get(name)
      return {
        ...description,
        value: valueIn(of, name),
        default: defaultOf(name, issuer),
        pinnedBy: pinned.has(name) ? description.variable : undefined,
        changed: stored && { at: stored.at, by: { kind: stored.kind ?? '', name: stored.by } },
        refused: of.refused.has(name) ? problemIn(of, name) : undefined,
      }
    }),
  })

  /** The changes with their values as they are stored; undefined: to be reset. @throws ValidationError */
  function judged(changes: Readonly<Record<string, unknown>>): Map<SettingName, unknown> {
    const problems: FieldProblem[] = []
    const good = new Map<SettingName, unknown>()
    for (const [name, given] of Object.entries(changes)) {
      if (!isSettingName(name)) {
        problems.push({ field: name, message: t('admin.settings.unknown') })
        continue
      }
      const read = given === null ? { value: undefined } : readValue(name, given)
      if ('problem' in read) problems.push({ field: name, message: read.problem })
      else good.set(name, read.value)
    }
    if (problems.length > 0) throw new ValidationError(problems, { code: 'invalid_settings' })
    return good
  }

  /** What is stored after the changes; undefined: nothing is another. */
  function changedEntries(of: Snapshot, changes: ReadonlyMap<SettingName, unknown>, by: NamedActor) {
    const entries = new Map<string, StoredEntry>(of.entries)
    let different = false
    for (const [name, value] of changes) {
      const stored = entries.get(name)
      if (JSON.stringify(stored?.value) === JSON.stringify(value)) continue
      different = true
      if (value === undefined) entries.delete(name)
      else entries.set(name, { value, at: clock(), by: by.name, kind: by.kind || undefined })
    }
    return different ? entries : undefined
  }

  return {
    values: viewOf((name) => valueIn(snapshot, name)),
    described: DESCRIPTIONS,
    fromText: (name, text) => settingOf(name).fromText(text),
    pinned: deps.pinned,

    refresh() {
      if (Math.abs(clock() - readAt) < FRESH) return undefined
      reading ??= atMost(
        PATIENCE,
        look().finally(() => {
          reading = undefined
        }),
      )
      return reading
    },

    list: async () => stateOf(await read()),

    planned: (changes, { reset }) =>
      viewOf((name) => {
        if (pinned.has(name)) return pinned.get(name)
        if (Object.hasOwn(changes, name)) return changes[name] ?? defaultOf(name, issuer)
        return reset ? defaultOf(name, issuer) : valueIn(snapshot, name)
      }),

    complete: (changes) => Object.fromEntries(judged(changes)),

    async change(changes, { ifVersion } = {}) {
      const good = judged(changes)
      const fixed = [...good.keys()].filter((name) => pinned.has(name))
      if (fixed.length > 0) throw pinnedError(fixed)
      const by = await deps.actor()
      for (let tries = 0; tries < TRIES; tries++) {
        const before = await read()
        if (ifVersion !== undefined && ifVersion !== String(before.version))
          throw new VersionConflict('setting')
        const entries = changedEntries(before, good, by)
        if (entries === undefined) return stateOf(before)
        const problem =
          deps.together.names.some((name) => good.has(name)) &&
          deps.together.problem(
            viewOf((name) =>
              good.has(name) ? (good.get(name) ?? defaultOf(name, issuer)) : valueIn(before, name),
            ),
          )
        if (problem) throw new ValidationError([problem], { code: 'invalid_settings' })
        const next = { version: before.version + 1, document: documentOf(entries) }
        if (!(await store.replace(before.version, next.document))) continue
        const after = snapshotOf(next)
        if (after.version > snapshot.version) take(after, ++turns)
        const each = (of: Snapshot) =>
          Object.fromEntries([...good.keys()].map((name) => [name, valueIn(of, name)]))
        events({ type: 'settings.updated', before: each(before), after: each(after) })
        return stateOf(after)
      }
      throw new VersionConflict('setting')
    },
  }
}

/** Why a stored value does not count, in the language of who reads it. */
function problemIn({ entries }: Snapshot, name: SettingName): string {
  const read = readValue(name, entries.get(name)?.value)
  return 'problem' in read ? read.problem : ''
}

const pinnedError = (names: readonly SettingName[]): AppError => {
  const variables = names.map(variableOfSetting)
  return new AppError(
    'setting_pinned',
    409,
    message('admin.settings.pinned', {
      names: names.join(', '),
      variables: variables.join(', '),
      count: names.length,
    }),
  )
}
