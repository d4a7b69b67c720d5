//! What a fixed-time programme can serve: capacity and delay of each lane.
