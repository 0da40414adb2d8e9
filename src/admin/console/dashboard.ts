import type { FastifyInstance } from 'fastify'
import type { ConsoleDependencies, ConsoleFrame } from './context.ts'
import { renderConsole } from './context.ts'
import { barChart, type Plot } from './plot.ts'

declare module '../../http/pages.ts' {
  interface Pages {
    'admin/dashboard': {
      frame: ConsoleFrame
      plots: (Plot & { about: string })[]
      todo: { text: string; href?: string; label?: string }[]
    }
  }
}

export interface DashboardDependencies {
  /** By action, the last days, oldest first. */
  countsByDay(
    actions: readonly string[],
    days: number,
    now: number,
  ): Promise<Map<string, { day: string; count: number }[]>>
  /** How many clients were in use, by day (“2026-11-25”). */
  activeClients(since: string): Promise<Map<string, number>>
  /** How much there is, for what to do first. */
  firstSteps(): Promise<{ clients: number; mail: boolean; publicIssuer: boolean }>
}

const DAYS = 30

const ABOUT: readonly (readonly [action: string, title: string, about: string])[] = [
  ['account.signed_in', 'Sign-ins', 'people who signed in'],
  ['account.sign_in_failed', 'Failed sign-ins', 'wrong passwords and unknown names'],
  ['account.locked', 'Lockouts', 'accounts that were locked after too many wrong passwords'],
]

/** `/admin`: the last thirty days at a glance, and what an installation still lacks. */
export async function dashboardArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & DashboardDependencies,
): Promise<void> {
  app.get('/admin', { config: { admin: 'read' } }, async (request, reply) => {
    const now = deps.clock()
    const actions = ABOUT.map(([action]) => action)
    const counts = await deps.countsByDay(actions, DAYS, now)
    const days = counts.get(actions[0] ?? '')?.map(({ day }) => day) ?? []
    const clients = await deps.activeClients(days[0] ?? '')
    const plots = ABOUT.map(([action, title, about]) => ({
      ...barChart(
        title,
        (counts.get(action) ?? []).map(({ day, count }) => ({ label: day, value: count })),
      ),
      about,
    }))
    const active = barChart(
      'Active clients',
      days.map((day) => ({ label: day, value: clients.get(day) ?? 0 })),
    )
    // Clients of several days are the same ones: the sum means nothing, the most of a day does.
    plots.push({ ...active, total: active.most, about: 'clients that got tokens, on the busiest day' })
    return renderConsole(request, reply, 'dashboard', 'admin/dashboard', { plots, todo: await todo(deps) })
  })
}

async function todo(deps: DashboardDependencies) {
  const { clients, mail, publicIssuer } = await deps.firstSteps()
  return [
    clients === 0 && {
      text: 'No app signs in here yet.',
      href: '/admin/clients/new',
      label: 'Register a client',
    },
    !mail && {
      text: 'Messages are written to files: nobody gets them by mail. Set SMTP_URL.',
    },
    !publicIssuer && {
      text: 'The issuer is on this machine only. Set ISSUER to a public https URL before people use it.',
    },
  ].filter((entry) => entry !== false)
}
