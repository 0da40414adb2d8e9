import type { Form } from '../../../http/pages/pages.ts'
import type { DrawnField } from '../fields.ts'
import type { ConsoleFrame } from '../frame.ts'

/** What a claim would be for a person in an app. */
export interface ShownPreview {
  /** The form that asks for it. */
  form: Form
  /** Undefined: nothing is asked for yet, or not found. */
  rows?: { place: string; value: string | undefined; why: string | undefined }[] | undefined
  about?: string | undefined
}

/** What hangs on a definition: others that read it, or people. */
export interface Readers {
  title: string
  empty: string
  items: { href: string; name: string }[]
}

/** The secret of a hook, and what came of trying it. */
export interface ShownHook {
  base: string
  /** Of a new secret, this once. */
  secret: string | undefined
  /** Until when the secret before signs too. */
  formerUntil: string | undefined
  tried:
    | { request: string; answer: string | undefined; failure: string | undefined; took: number }
    | undefined
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/definitions': {
      frame: ConsoleFrame
      title: string
      /** On the button that leads to the page to define one. */
      define: string
      newHref: string
      /** What they are, and how to begin. */
      empty: string
      columns: string[]
      items: { href: string; name: string; label: string; cells: string[] }[]
    }
    'admin/definitions-one': {
      frame: ConsoleFrame
      title: string
      facts: [name: string, value: string][]
      /** The other fields, for who may not change them. */
      shown: { label: string; value: string }[]
      edit: Form & { version: string }
      fields: DrawnField[]
      /** Set on a stale tab: what is stored by now. */
      conflict?: { label: string; value: string }[] | undefined
      readers?: Readers | undefined
      preview?: ShownPreview | undefined
      hook?: ShownHook | undefined
      deleting: string
      /** Deletes it at once: there is nothing to lose. */
      deleteNow?: (ButtonForm & { label: string }) | undefined
      removeHref: string
    }
  }
}
