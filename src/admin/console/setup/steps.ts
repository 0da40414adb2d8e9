import type { SetupStep, StoredProgress } from '../../../settings/setup-progress.ts'
import type { Permission } from '../../../shared/administration/permissions.ts'

interface StepWords {
  id: SetupStep
  title: string
  about: string
  /** The permission that going through it needs. */
  needs: Permission
}

const STEPS: readonly StepWords[] = [
  {
    id: 'mail',
    title: 'Mail',
    about: 'Messages with links and codes have to reach people: send one to yourself.',
    needs: 'settings.test_mail',
  },
  {
    id: 'address',
    title: 'Public address',
    about: 'Apps and browsers have to come to the server at the address that it names itself.',
    needs: 'setup.update',
  },
  {
    id: 'look',
    title: 'Name and colours',
    about: 'People should see whose sign-in page it is.',
    needs: 'branding.update',
  },
  {
    id: 'app',
    title: 'First app',
    about: 'Register what people sign in to.',
    needs: 'client.create',
  },
]

export interface ShownStep extends StepWords {
  state: 'done' | 'skipped' | 'open'
  href: string
}

/** What the server holds already. */
export interface SetupFacts {
  branded: boolean
  clients: number
}

/** The steps and how far they are: what was said of them, or what is there. */
export function stepsOf({ steps }: StoredProgress, { branded, clients }: SetupFacts): ShownStep[] {
  const there: Partial<Record<SetupStep, boolean>> = { look: branded, app: clients > 0 }
  return STEPS.map((step) => ({
    ...step,
    state: there[step.id] ? 'done' : (steps[step.id] ?? 'open'),
    href: `/admin/setup/${step.id}`,
  }))
}

/** Where to go on: the next open step behind one, else the first open one; undefined: none is open. */
export function nextOf(steps: readonly ShownStep[], after?: SetupStep): ShownStep | undefined {
  const at = steps.findIndex(({ id }) => id === after)
  const open = (step: ShownStep, index: number) => step.state === 'open' && index !== at
  return steps.find((step, index) => index > at && open(step, index)) ?? steps.find(open)
}
