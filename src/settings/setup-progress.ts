import { z } from 'zod'
import type { StoredDocument } from './store.ts'

/** What an owner is led through after the first administrator is made, in this order. */
export const SETUP_STEPS = ['mail', 'address', 'look', 'app'] as const
export type SetupStep = (typeof SETUP_STEPS)[number]

/** `done`: it was seen to work. `skipped`: the owner left it for later. */
const progress = z.object({
  steps: z.partialRecord(z.enum(SETUP_STEPS), z.enum(['done', 'skipped'])).catch({}),
  /** The overview does not lead here any more. */
  dismissed: z.boolean().catch(false),
})
export type StoredProgress = z.infer<typeof progress>

/** How far setting up has come, as an owner has said it. */
export interface SetupProgress {
  /** As this process saw it last. No statement. */
  current(): StoredProgress
  /** A step that is done stays so. */
  mark(step: SetupStep, as: 'done' | 'skipped'): Promise<void>
  /** Whether the overview leads to what is open. */
  dismiss(dismissed: boolean): Promise<void>
}

/** Several browsers may say something of it at once: each change is made of what is stored at that moment. */
export function createSetupProgress(document: StoredDocument): SetupProgress {
  async function change(of: (progress: StoredProgress) => StoredProgress): Promise<void> {
    for (;;) {
      const stored = await document.read()
      const next = JSON.stringify(of(parsed(stored.document)))
      if (next === stored.document || (await document.replace(stored.version, next))) return
    }
  }
  return {
    current: () => parsed(document.current().document),
    mark: (step, as) =>
      change(({ steps, dismissed }) => ({
        steps: { ...steps, [step]: steps[step] === 'done' ? 'done' : as },
        dismissed,
      })),
    dismiss: (dismissed) => change(({ steps }) => ({ steps, dismissed })),
  }
}

const parsed = (text: string): StoredProgress => progress.parse(JSON.parse(text))
