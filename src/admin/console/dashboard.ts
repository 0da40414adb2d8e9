import type { FastifyInstance } from 'fastify'
import type { SecondFactorShares } from '../../accounts/accounts.ts'
import { dayOf } from '../../shared/moment.ts'
import { DAYS, FIGURES, type FiguresDependencies, figuresByDay } from '../figures.ts'
import type { ConsoleDependencies, ConsoleFrame } from './context.ts'
import { renderConsole } from './context.ts'
import { barChart, type Plot } from './plot.ts'

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'admin/dashboard': {
      frame: ConsoleFrame
      plots: (Plot & { about: string })[]
      shares: { title: string; percent: string; text: string; href: string; label: string }[]
      todo: { text: string; href?: string; label?: string }[]
    }
  }
}

export type DashboardDependencies = FiguresDependencies

const ABOUT = [
  ['sign_ins', 'Sign-ins', 'people who signed in'],
  ['failed_sign_ins', 'Failed sign-ins', 'wrong passwords and unknown names'],
  ['lockouts', 'Lockouts', 'accounts that were locked after too many wrong passwords'],
  ['active_clients', 'Active clients', 'clients that got tokens, on the busiest day'],
] as const

/** `/admin`: the last thirty days at a glance, and what an installation still lacks. */
export async function dashboardArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & DashboardDependencies,
): Promise<void> {
  app.get('/admin', { config: { admin: 'overview.read' } }, async (request, reply) => {
    const days = await figuresByDay(deps, deps.clock())
    // People and clients of several days are the same ones: a sum of days means nothing.
    const totals: Partial<Record<(typeof ABOUT)[number][0], number>> = {
      sign_ins: await deps.people(FIGURES.sign_ins, DAYS, deps.clock()),
      active_clients: Math.max(0, ...days.map((each) => each.active_clients)),
    }
    const plots = ABOUT.map(([figure, title, about]) => {
      const chart = barChart(
        title,
        days.map((each) => ({ label: dayOf(Date.parse(each.day)), value: each[figure] })),
      )
      return { ...chart, total: totals[figure] ?? chart.total, about }
    })
    const shares = sharesOf(await deps.secondFactorShares())
    return renderConsole(request, reply, 'dashboard', 'admin/dashboard', {
      plots,
      shares,
      todo: await todo(deps),
    })
  })
}

/** Who is protected by more than a password, each with the list of those who are not, or are. */
function sharesOf({ people, withSecondFactor, withPasskey }: SecondFactorShares) {
  const percent = (part: number) => `${people === 0 ? 0 : Math.floor((part / people) * 100)} %`
  return [
    {
      title: 'With a second factor',
      percent: percent(withSecondFactor),
      text: `${withSecondFactor} of ${people} people who can sign in`,
      href: '/admin/users?second_factor=none',
      label: 'Those without',
    },
    {
      title: 'With a passkey',
      percent: percent(withPasskey),
      text: `${withPasskey} of ${people} people who can sign in`,
      href: '/admin/users?second_factor=passkey',
      label: 'Those with one',
    },
  ]
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
