import type { Kind } from './kinds.ts'

/** The parts of the console's form, in its order. `folded`: the heading of what is folded away at the end of one. */
export const SECTIONS: Readonly<Record<SectionId, { heading: string; folded?: string }>> = {
  names: { heading: 'What people see' },
  where: { heading: 'Where people are sent' },
  may: { heading: 'What it may do' },
  people: { heading: 'Whom it is for' },
  proof: {
    heading: 'How it shows who it is',
    folded: 'Its public keys, for private_key_jwt and signed requests',
  },
  tokens: { heading: 'Tokens and sessions' },
}

export type SectionId = 'names' | 'where' | 'may' | 'people' | 'proof' | 'tokens'

/** One field of a client's metadata, with all that is said of it to people and programs. */
export interface Field<Value = unknown> extends Kind<Value> {
  /**
   * What a registration has that does not say it: such a field is always there. A function is given the fields that were said.
   * Without it, the field may be absent.
   */
  fallback?: Value | ((given: Readonly<Record<string, unknown>>) => Value)
  /** Its place in the console's form; undefined: the form does not have it. */
  form?: {
    section: SectionId
    label: string
    hint?: string
    /** Folded away, with the others of the section that are. */
    folded?: true
    /** The field that it follows; otherwise it stands in the order of the table. */
    below?: string
    /** The browser does not send the form without it. */
    required?: true
  }
  /** In bodies of the administration API; undefined: it is not offered there. `answer`: what is said of it in answers. */
  rest?: { description: string; example?: unknown; answer?: string }
  /** On the command line; undefined: it has no option. How its argument is given follows from `input`. */
  option?: { flags: string; description: string }
  /** Whether a client that registers itself may say it (RFC 7591 §2). No client exempts itself from consent or PKCE. */
  selfRegistered: boolean
  /** Stored in a column of its own, which queries read; otherwise in the JSON of the metadata. */
  column?: true
  /** Every client has it in its view (src/clients/view.ts), though it may not be in its metadata. */
  inView?: true
  /** The protocol library does not know it: it is handed over as metadata of ours (`extraClientMetadata`). */
  extra?: true
}
