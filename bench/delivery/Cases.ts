/** The cases of `delivery` that go over the wire. */
import type { Case } from "./Case.ts"
import { faultCases } from "./FaultCases.ts"
import { limitCases } from "./LimitCases.ts"

/** All cases, or with `isQuick` smaller ones. */
export const casesOf = (isQuick: boolean): ReadonlyArray<Case> => [...limitCases(isQuick), ...faultCases(isQuick)]
