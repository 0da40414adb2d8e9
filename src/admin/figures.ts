import type { Accounts } from '../accounts/accounts.ts'
import type { Clients } from '../clients/clients.ts'

/** Of how many days figures are shown. */
export const DAYS = 30

/** What is counted by day, by its name in the audit log. */
export const FIGURES = {
  sign_ins: 'account.signed_in',
  failed_sign_ins: 'account.sign_in_failed',
  lockouts: 'account.locked',
} as const

export interface FiguresDependencies {
  /** By action, the last days, oldest first. */
  countsByDay(
    actions: readonly string[],
    days: number,
    now: number,
  ): Promise<Map<string, { day: string; count: number }[]>>
  /** How many different accounts an action was recorded of, the last days. */
  people(action: string, days: number, now: number, until?: number): Promise<number>
  /** By action, in as many days before those. */
  countsBefore(actions: readonly string[], days: number, now: number): Promise<Map<string, number>>
  /** How many clients were in use, by day (“2026-11-25”). */
  activeClients(since: string): Promise<Map<string, number>>
  /** Of people who can sign in. */
  secondFactorShares: Accounts['secondFactorShares']
  /** What an installation still lacks. */
  firstSteps(): Promise<FirstSteps>
}

export interface FirstSteps {
  /** 0: none is registered yet. */
  clients: number
  /** False: messages are written to files. */
  mail: boolean
  /** False: the issuer is on this machine only. */
  publicIssuer: boolean
}

/** @returns what tells of the first steps */
export const firstStepsOf =
  ({
    clients,
    config,
  }: {
    clients: Pick<Clients, 'list'>
    config: { issuer: string; smtpUrl?: string | undefined }
  }) =>
  async (): Promise<FirstSteps> => ({
    clients: (await clients.list({ limit: 1 })).items.length,
    mail: config.smtpUrl !== undefined,
    publicIssuer: config.issuer.startsWith('https:'),
  })

export type Figures = { day: string; active_clients: number } & Record<keyof typeof FIGURES, number>

/** The figures of the last days, the oldest first. @param now milliseconds since the epoch */
export async function figuresByDay(
  deps: Pick<FiguresDependencies, 'countsByDay' | 'activeClients'>,
  now: number,
): Promise<Figures[]> {
  const counts = await deps.countsByDay(Object.values(FIGURES), DAYS, now)
  const days = (counts.get(FIGURES.sign_ins) ?? []).map(({ day }) => day)
  const clients = await deps.activeClients(days[0] ?? '')
  const of = (action: string, index: number) => counts.get(action)?.[index]?.count ?? 0
  return days.map((day, index) => ({
    day,
    sign_ins: of(FIGURES.sign_ins, index),
    failed_sign_ins: of(FIGURES.failed_sign_ins, index),
    lockouts: of(FIGURES.lockouts, index),
    active_clients: clients.get(day) ?? 0,
  }))
}
