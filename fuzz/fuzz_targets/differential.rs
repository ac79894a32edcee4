//! The fast decoder and the tolerant one return the same result for every body, leniently and strictly.
//!
//! Half of the inputs are inserted into a documented page, because arbitrary bytes seldom reach far into one.
#![no_main]

mod compare;

use compare::compare;
use libfuzzer_sys::fuzz_target;

const HEAD: &[u8] = br#"{"result":"success","totalresults":"2","startnumber":0,"numreturned":2,"tickets":{"ticket":[{"id":"1","tid":"516757","deptid":"1","userid":"1","name":"A","owner_name":"A","email":"a@example.com","requestor_name":null,"requestor_email":"a@example.com","requestor_type":"Owner","cc":"","c":"KPqH7yG3","date":"2016-01-01 06:26:29","subject":"S","status":"Open","priority":"Low","admin":"","attachment":"","attachments":[],"attachments_removed":false,"lastreply":"2016-01-01 06:30:16","flag":"0","service":""},{"id":"2","#;
const TAIL: &[u8] = b"}]}}";

fuzz_target!(|input: &[u8]| {
    match input.split_first() {
        Some((0, inside)) => compare(&[HEAD, inside, TAIL].concat()),
        Some((1, inside)) => compare(&[HEAD, inside].concat()),
        _ => compare(input),
    }
});
